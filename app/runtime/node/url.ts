/** node:url. */
import { invalidArgType, nodeError } from "./node-error.ts";
import { format, parse, resolve, Url } from "./url/legacy.ts";
import { URLSearchParams } from "./url/search-params.ts";
import { URL } from "./url/whatwg.ts";

export function fileURLToPath(input: string | URL): string {
  if (typeof input !== "string" && !(input instanceof URL))
    throw invalidArgType("path", ["string", "URL"], input);
  const url = new URL(input);
  if (url.protocol !== "file:") {
    throw nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  }
  return decodeURIComponent(url.pathname);
}

export function pathToFileURL(path: string): URL {
  const url = new URL("file://");
  url.pathname = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
  return url;
}

export { format, parse, resolve, URL, URLSearchParams, Url };
export default { URL, URLSearchParams, Url, fileURLToPath, format, parse, pathToFileURL, resolve };
