/**
 * KeyObject, createPrivateKey, createPublicKey. A key is parsed once per PEM text: OPC UA code asks for the same key
 * again and again, and OpenSSL's decoders are slow on this processor.
 */
import { Buffer } from "../buffer.ts";
import { invalidArgType, invalidArgValue, nodeError } from "../node-error.ts";
import { bytesOf, EXPECTED, isBytes } from "./bytes.ts";
import { type Bytes, binding, type KeyHandle } from "./native.ts";

export type KeyType = "private" | "public" | "secret";

interface ExportOptions {
  readonly type?: string;
  readonly format?: string;
  readonly cipher?: string;
  readonly passphrase?: unknown;
}

interface KeyInput {
  readonly key: unknown;
  readonly format?: string;
  readonly type?: string;
  readonly passphrase?: unknown;
  readonly encoding?: string;
}

export interface AsymmetricKeyDetails {
  modulusLength?: number;
  publicExponent?: bigint;
  namedCurve?: string;
}

/** JWK names of an RSA key's numbers and OpenSSL's names of them, the private ones last. */
const RSA_NUMBERS = [
  ["n", "n"],
  ["e", "e"],
  ["d", "d"],
  ["p", "rsa-factor1"],
  ["q", "rsa-factor2"],
  ["dp", "rsa-exponent1"],
  ["dq", "rsa-exponent2"],
  ["qi", "rsa-coefficient1"],
] as const;

const CURVES: Record<string, readonly [name: string, size: number]> = {
  prime256v1: ["P-256", 32],
  secp384r1: ["P-384", 48],
  secp521r1: ["P-521", 66],
};

const EDWARDS: Record<string, string> = {
  ed25519: "Ed25519",
  ed448: "Ed448",
  x25519: "X25519",
  x448: "X448",
};

function exportJwk(handle: KeyHandle, isPrivate: boolean): Record<string, string> {
  const { type = "", curve } = binding.keyDetails(handle);
  const number = (name: string, size = 0) =>
    binding.keyNumber(handle, name, size)?.toString("base64url") ?? "";
  if (type === "rsa") {
    const numbers = isPrivate ? RSA_NUMBERS : RSA_NUMBERS.slice(0, 2);
    return { kty: "RSA", ...Object.fromEntries(numbers.map(([jwk, name]) => [jwk, number(name)])) };
  }
  if (type in EDWARDS) {
    const raw = (half: "public" | "private") =>
      binding.keyRaw(handle, half === "private").toString("base64url");
    const key = {
      crv: EDWARDS[type] as string,
      ...(isPrivate ? { d: raw("private") } : {}),
      x: raw("public"),
    };
    return { ...key, kty: "OKP" };
  }
  const known = curve === undefined ? undefined : CURVES[curve];
  if (type !== "ec" || known === undefined) {
    throw nodeError(Error, "ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE", "Unsupported JWK Key Type.");
  }
  const [crv, size] = known;
  const key = { kty: "EC", x: number("qx", size), y: number("qy", size), crv };
  return isPrivate ? { ...key, d: number("priv", size) } : key;
}

export class KeyObject {
  readonly type: KeyType;
  readonly #handle: KeyHandle | undefined;
  readonly #secret: Buffer | undefined;
  #details: { readonly type?: string; readonly bits: number; readonly curve?: string } | undefined;
  /** Exports are asked for again and again; unencrypted ones are kept. */
  readonly #exports = new Map<string, string | Buffer>();

  constructor(type: KeyType, handle: KeyHandle | Buffer) {
    if (type !== "private" && type !== "public" && type !== "secret") throw invalidArgValue("type", type);
    this.type = type;
    if (Buffer.isBuffer(handle)) this.#secret = handle;
    else this.#handle = handle;
  }

  static from(key: unknown): KeyObject {
    throw invalidArgType("key", "CryptoKey", key);
  }

  /** The native key; for this folder. */
  get handle(): KeyHandle {
    if (this.#handle === undefined) {
      throw nodeError(
        TypeError,
        "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE",
        `Invalid key object type ${this.type}.`,
      );
    }
    return this.#handle;
  }

  #about() {
    if (this.#handle !== undefined) this.#details ??= binding.keyDetails(this.#handle);
    return this.#details;
  }

  get asymmetricKeyType(): string | undefined {
    return this.#about()?.type;
  }

  get asymmetricKeyDetails(): AsymmetricKeyDetails | undefined {
    const about = this.#about();
    if (about === undefined) return undefined;
    if (about.type === "rsa" || about.type === "rsa-pss") {
      const exponent = binding.keyNumber(this.handle, "e", 0)?.toString("hex") ?? "0";
      return { modulusLength: about.bits, publicExponent: BigInt(`0x${exponent}`) };
    }
    return about.curve === undefined ? {} : { namedCurve: about.curve };
  }

  get symmetricKeySize(): number | undefined {
    return this.#secret?.length;
  }

  equals(other: unknown): boolean {
    if (!(other instanceof KeyObject)) throw invalidArgType("otherKeyObject", "KeyObject", other);
    if (other.type !== this.type) return false;
    if (this.#secret !== undefined && other.#secret !== undefined) {
      return (
        this.#secret.length === other.#secret.length && binding.timingSafeEqual(this.#secret, other.#secret)
      );
    }
    return binding.keyEquals(this.handle, other.handle);
  }

  export(options: ExportOptions = {}): string | Buffer | Record<string, string> {
    if (this.#secret !== undefined) {
      return options.format === "jwk"
        ? { kty: "oct", k: this.#secret.toString("base64url") }
        : Buffer.from(this.#secret);
    }
    const { type, format, cipher, passphrase } = options;
    if (format === "jwk") return exportJwk(this.handle, this.type === "private");
    if (format !== "pem" && format !== "der") throw invalidArgValue("options.format", format);
    const types = this.type === "public" ? ["spki", "pkcs1"] : ["pkcs8", "pkcs1", "sec1"];
    if (type === undefined || !types.includes(type)) throw invalidArgValue("options.type", type);
    if (type === "pkcs1" && this.asymmetricKeyType !== "rsa") throw incompatible("pkcs1", "RSA");
    if (type === "sec1" && this.asymmetricKeyType !== "ec") throw incompatible("sec1", "EC");
    const pem = format === "pem";
    if (cipher !== undefined) {
      const secret = bytesOf(passphrase, "options.passphrase");
      return binding.keyExportPrivate(this.handle, type, pem, cipher, secret);
    }
    const key = `${type} ${format}`;
    let result = this.#exports.get(key);
    if (result === undefined) {
      result =
        this.type === "public"
          ? binding.keyExportPublic(this.handle, type, pem)
          : binding.keyExportPrivate(this.handle, type, pem, undefined, undefined);
      this.#exports.set(key, result);
      if (pem) remember(this.type, result as string, this.handle);
    }
    return typeof result === "string" ? result : Buffer.from(result);
  }
}

function incompatible(type: string, algorithm: string): Error {
  const message = `The selected key encoding ${type} can only be used for ${algorithm} keys.`;
  return nodeError(Error, "ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", message);
}

/** Keys by role and PEM text, the most recent last. Enough for the certificates and keys of one connection. */
const parsed = new Map<string, KeyHandle>();
const MOST_PARSED = 16;

function remember(role: KeyType, pem: string, handle: KeyHandle): void {
  parsed.set(role + pem, handle);
  if (parsed.size > MOST_PARSED) parsed.delete(parsed.keys().next().value as string);
}

function parsePem(role: "private" | "public", pem: string, parse: () => KeyHandle): KeyHandle {
  const known = parsed.get(role + pem);
  if (known !== undefined) return known;
  const handle = parse();
  remember(role, pem, handle);
  return handle;
}

const TYPES = ["pkcs1", "pkcs8", "sec1", "spki"];

/** Unpacks `{ key, format, type, passphrase }` or a bare key. */
function inputOf(value: unknown): {
  data: string | Bytes;
  format: string;
  type: string;
  passphrase: Bytes | undefined;
} {
  const wrapped = typeof value === "object" && value !== null && !isBytes(value);
  const input: KeyInput = wrapped ? (value as KeyInput) : { key: value };
  const { key, format = "pem", type, passphrase, encoding } = input;
  if (typeof key !== "string" && !isBytes(key)) {
    throw invalidArgType(wrapped ? "key.key" : "key", EXPECTED, key);
  }
  if (format !== "pem" && format !== "der") throw invalidArgValue(wrapped ? "key.format" : "format", format);
  if (type === undefined ? format === "der" : !TYPES.includes(type))
    throw invalidArgValue("options.type", type);
  const text =
    format === "pem" && typeof key !== "string" ? Buffer.from(key as Uint8Array).toString("latin1") : key;
  const data = format === "der" ? bytesOf(text, "key", encoding) : text;
  const secret =
    passphrase === undefined || passphrase === null ? undefined : bytesOf(passphrase, "key.passphrase");
  return { data, format, type: type ?? "", passphrase: secret };
}

export function createPrivateKey(key: unknown): KeyObject {
  const { data, format, type, passphrase } = inputOf(key);
  const parse = () => binding.keyReadPrivate(data, format, type, passphrase);
  const cached = typeof data === "string" && passphrase === undefined;
  return new KeyObject("private", cached ? parsePem("private", data, parse) : parse());
}

export function createPublicKey(key: unknown): KeyObject {
  const inner: unknown = typeof key === "object" && key !== null && "key" in key ? key.key : key;
  if (inner instanceof KeyObject) {
    if (inner.type !== "private") {
      throw nodeError(
        TypeError,
        "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE",
        `Invalid key object type ${inner.type}, expected private.`,
      );
    }
    return new KeyObject("public", inner.handle);
  }
  const { data, format, type, passphrase } = inputOf(key);
  const privateDer = format === "der" && (type === "pkcs8" || type === "sec1");
  const parse = () =>
    privateDer || passphrase !== undefined
      ? binding.keyReadPrivate(data, format, type, passphrase)
      : binding.keyReadPublic(data, format, type);
  const cached = typeof data === "string" && passphrase === undefined;
  return new KeyObject("public", cached ? parsePem("public", data, parse) : parse());
}

export function createSecretKey(key: unknown, encoding?: unknown): KeyObject {
  const bytes = bytesOf(key, "key", encoding);
  const view = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  return new KeyObject("secret", Buffer.from(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));
}

/** The key of sign(), privateDecrypt() and the like: a KeyObject or whatever createPrivateKey takes. */
export function privateHandle(key: unknown): KeyHandle {
  const inner: unknown = typeof key === "object" && key !== null && "key" in key ? key.key : key;
  if (!(inner instanceof KeyObject)) return createPrivateKey(key).handle;
  if (inner.type === "private") return inner.handle;
  throw nodeError(
    TypeError,
    "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE",
    `Invalid key object type ${inner.type}, expected private.`,
  );
}

/** The key of verify() and publicEncrypt(): public or private. */
export function publicHandle(key: unknown): KeyHandle {
  const inner: unknown = typeof key === "object" && key !== null && "key" in key ? key.key : key;
  if (!(inner instanceof KeyObject)) return createPublicKey(key).handle;
  if (inner.type !== "secret") return inner.handle;
  throw nodeError(
    TypeError,
    "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE",
    "Invalid key object type secret, expected private or public.",
  );
}

/** A KeyObject for a certificate's key. */
export function publicKeyOf(handle: KeyHandle): KeyObject {
  return new KeyObject("public", handle);
}
