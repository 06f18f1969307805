/** os.constants: numbers of signals and errors. */
import { native } from "../../binding.ts";

interface Tables {
  readonly signals: Record<string, number>;
  readonly errors: Record<string, number>;
}

const { signals, errors } = native("os") as Tables;

export { errors, signals };
