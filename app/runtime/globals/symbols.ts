/** Symbols that Node.js has before JavaScript has them. Imported before everything: npm's streams look for them once. */
for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}
