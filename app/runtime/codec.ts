/** The codec on the device: `native/codec.c`. */
import { native } from "./binding.ts";
import type { Codec } from "./codec-types.ts";

export const codec = native("codec") as Codec;
