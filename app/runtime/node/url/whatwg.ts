/** The URL class (URL Standard §6.1). */
import { nodeError } from "../node-error.ts";
import { customInspect, inspect } from "../util/inspect.ts";
import { parseHost } from "./host.ts";
import {
  appendPath,
  encodeFragment,
  encodeQuery,
  encodeSpecialQuery,
  encodeUserinfo,
  isSpecial,
  parsePort,
  parseUrl,
  serializePath,
  serializeUrl,
  type UrlRecord,
} from "./parse.ts";
import { URLSearchParams } from "./search-params.ts";

function invalidUrl(input: string, base?: string): Error {
  const error = nodeError(TypeError, "ERR_INVALID_URL", "Invalid URL");
  return Object.assign(error, base === undefined ? { input } : { input, base });
}

export class URL {
  #record: UrlRecord;
  #params: URLSearchParams | null = null;

  constructor(input: string | URL, base?: string | URL) {
    const text = `${input}`;
    const baseRecord = base === undefined ? null : parseUrl(`${base}`, null);
    if (base !== undefined && baseRecord === null) throw invalidUrl(text, `${base}`);
    const record = parseUrl(text, baseRecord);
    if (record === null) throw invalidUrl(text, base === undefined ? undefined : `${base}`);
    this.#record = record;
  }

  static canParse(input: string, base?: string): boolean {
    const baseRecord = base === undefined ? null : parseUrl(`${base}`, null);
    return (base === undefined || baseRecord !== null) && parseUrl(`${input}`, baseRecord) !== null;
  }

  get href(): string {
    return serializeUrl(this.#record);
  }
  set href(text: string) {
    const record = parseUrl(`${text}`, null);
    if (record === null) throw invalidUrl(`${text}`);
    this.#record = record;
    this.#reloadParams();
  }

  get origin(): string {
    const { scheme, host, port } = this.#record;
    if (!isSpecial(scheme) || scheme === "file:") return "null";
    return `${scheme}//${host}${port === null ? "" : `:${port}`}`;
  }

  get protocol(): string {
    return this.#record.scheme;
  }
  set protocol(text: string) {
    const scheme = /^([a-z][a-z0-9+.-]*):?/i.exec(`${text}`)?.[1];
    if (scheme === undefined) return;
    const wanted = `${scheme.toLowerCase()}:`;
    if (isSpecial(wanted) !== isSpecial(this.#record.scheme)) return;
    this.#record.scheme = wanted;
    this.#record.port = parsePort(this.port, wanted) ?? null;
  }

  get #canHaveCredentials(): boolean {
    return this.#record.host !== null && this.#record.host !== "" && this.#record.scheme !== "file:";
  }
  get username(): string {
    return this.#record.username;
  }
  set username(text: string) {
    if (this.#canHaveCredentials) this.#record.username = encodeUserinfo(`${text}`);
  }
  get password(): string {
    return this.#record.password;
  }
  set password(text: string) {
    if (this.#canHaveCredentials) this.#record.password = encodeUserinfo(`${text}`);
  }

  get host(): string {
    const { host, port } = this.#record;
    return host === null ? "" : host + (port === null ? "" : `:${port}`);
  }
  set host(text: string) {
    const match = /^(\[[^\]]*\]|[^:/?#\\]*)(?::(\d*))?/.exec(`${text}`);
    this.hostname = match?.[1] ?? "";
    if (match?.[2]) this.port = match[2];
  }
  get hostname(): string {
    return this.#record.host ?? "";
  }
  set hostname(text: string) {
    if (typeof this.#record.path === "string") return;
    const host = parseHost(`${text}`.replace(/[/?#\\].*$/s, ""), isSpecial(this.#record.scheme));
    if (host !== null) this.#record.host = host;
  }
  get port(): string {
    return this.#record.port === null ? "" : String(this.#record.port);
  }
  set port(text: string | number) {
    if (!this.#canHaveCredentials) return;
    const digits = /^\d*/.exec(`${text}`)?.[0] ?? "";
    if (digits === "" && `${text}` !== "") return;
    const port = parsePort(digits, this.#record.scheme);
    if (port !== undefined) this.#record.port = port;
  }

  get pathname(): string {
    return serializePath(this.#record);
  }
  set pathname(text: string) {
    if (typeof this.#record.path === "string") return;
    const special = isSpecial(this.#record.scheme);
    const path = `${text}`;
    this.#record.path = appendPath(
      [],
      special ? path.replace(/^[/\\]/, "") : path.replace(/^\//, ""),
      special,
    );
  }

  get search(): string {
    return this.#record.query ? `?${this.#record.query}` : "";
  }
  set search(text: string) {
    const query = `${text}`.replace(/^\?/, "");
    const encode = isSpecial(this.#record.scheme) ? encodeSpecialQuery : encodeQuery;
    this.#record.query = `${text}` === "" ? null : encode(query);
    this.#reloadParams();
  }
  get searchParams(): URLSearchParams {
    if (this.#params === null) {
      const params = new URLSearchParams(this.#record.query ?? "");
      URLSearchParams.attach(params, () => {
        const text = params.toString();
        this.#record.query = text === "" ? null : text;
      });
      this.#params = params;
    }
    return this.#params;
  }
  #reloadParams(): void {
    if (this.#params) URLSearchParams.reload(this.#params, this.#record.query ?? "");
  }

  get hash(): string {
    return this.#record.fragment ? `#${this.#record.fragment}` : "";
  }
  set hash(text: string) {
    this.#record.fragment = `${text}` === "" ? null : encodeFragment(`${text}`.replace(/^#/, ""));
  }

  toString(): string {
    return this.href;
  }
  toJSON(): string {
    return this.href;
  }

  [customInspect](): string {
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = this;
    const shown = {
      href,
      origin,
      protocol,
      username,
      password,
      host,
      hostname,
      port,
      pathname,
      search,
      hash,
    };
    return `URL ${inspect(shown)}`;
  }
}
