/** chalk's shape without its colours: every style returns the text as it came. */
type Style = ((...parts: unknown[]) => string) & { [style: string]: Style };

const plain: Style = new Proxy((...parts: unknown[]): string => parts.join(" "), {
  get: (target, key): unknown =>
    key === "default" || typeof key === "string" ? plain : Reflect.get(target, key),
}) as Style;

export default plain;
