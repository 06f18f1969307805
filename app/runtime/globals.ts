/**
 * Node's globals on QuickJS. Imported first of all by the device bundle; the order inside matters: streams and URLs
 * are built on the base globals.
 */
import "./globals/symbols.ts";
import { defineGlobals } from "./globals/base.ts";
import { console } from "./globals/console.ts";
import { webcrypto } from "./node/crypto.ts";
import { setStandardStreams } from "./node/process.ts";
import { WriteStream } from "./node/tty.ts";
import { URL, URLSearchParams } from "./node/url.ts";
import { TextDecoder, TextEncoder } from "./node/util/text.ts";

setStandardStreams((fd) => new WriteStream(fd));
defineGlobals({ TextDecoder, TextEncoder, URL, URLSearchParams, console, crypto: webcrypto });
