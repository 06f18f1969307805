/**
 * What the Quark X1000 executes: the Pentium (i586) set without MMX. Names are those that
 * `objdump -M intel` prints. Everything that is not on this list is refused, so an instruction
 * nobody thought of fails instead of passing.
 */
const words = (text: string): string[] => text.trim().split(/\s+/);

const CONDITIONS = words("o no b ae e ne be a s ns p np l ge le g");

const INTEGER = words(`
  aaa aad aam aas adc add and arpl bound bsf bsr bswap bt btc btr bts call cbw cdq clc cld cli clts cmc cmp cmps
  cmpxchg cmpxchg8b cpuid cwd cwde daa das dec div enter hlt idiv imul in inc ins int int3 into invd invlpg iret
  iretw jcxz jecxz jmp lahf lar lds lea leave les lfs lgdt lgdtd lgdtw lgs lidt lidtd lidtw lldt lmsw lods loop
  loope loopne lsl lss ltr mov movs movsx movzx mul neg nop not or out outs pause pop popa popaw popf popfw push
  pusha pushaw pushf pushfw rcl rcr rdmsr rdtsc ret retf retw retfw rol ror rsm sahf sar sbb scas sgdt sgdtd sgdtw
  shl shld shr shrd sidt sidtd sidtw sldt smsw stc std sti stos str sub test ud2 verr verw wbinvd wrmsr xadd xchg
  xlat xor
`);

/** The same with 32-bit operands, as objdump names them in 16-bit code. */
const INTEGER_IN_16_BIT_CODE = words(
  "calld enterd iretd jmpd leaved popad popd popfd pushad pushd pushfd retd retfd",
);

/** 80387 without FCMOV, FCOMI (both Pentium Pro) and FISTTP (SSE3). */
const FLOATING_POINT = words(`
  f2xm1 fabs fadd faddp fbld fbstp fchs fclex fcom fcomp fcompp fcos fdecstp fdiv fdivp fdivr fdivrp ffree fiadd
  ficom ficomp fidiv fidivr fild fimul fincstp finit fist fistp fisub fisubr fld fld1 fldcw fldenv fldl2e fldl2t
  fldlg2 fldln2 fldpi fldz fmul fmulp fnclex fninit fnop fnsave fnstcw fnstenv fnstsw fpatan fprem fprem1 fptan
  frndint frstor fsave fscale fsetpm fsin fsincos fsqrt fst fstcw fstenv fstp fstsw fsub fsubp fsubr fsubrp ftst
  fucom fucomp fucompp fwait fxam fxch fxtract fyl2x fyl2xp1
`);

const ALLOWED: ReadonlySet<string> = new Set([
  ...INTEGER,
  ...INTEGER_IN_16_BIT_CODE,
  ...FLOATING_POINT,
  ...CONDITIONS.flatMap((condition) => [`j${condition}`, `set${condition}`]),
]);

/** Prefix words that objdump prints before the mnemonic and that every x86 since the 386 accepts. */
const PREFIXES: ReadonlySet<string> = new Set(
  words("rep repz repnz cs ds es fs gs ss data16 addr16 data32 addr32"),
);

const VECTOR_REGISTER = /\b([xyz]mm\d|mm[0-7]|bnd\d|k[0-7]\b)/;

/** [class, mnemonics]: groups that excuses.json can name instead of single mnemonics. */
const CLASSES: ReadonlyArray<readonly [string, RegExp]> = [
  ["lock", /^lock$/],
  ["endbr", /^endbr(32|64)$/],
  ["cmov", /^cmov/],
  ["fcmov", /^fcmov/],
  ["fcomi", /^fu?comip?$/],
  ["fisttp", /^fisttp$/],
  ["prefetch", /^prefetch/],
  ["clflush", /^(clflush|clflushopt|clwb|cldemote)$/],
  ["fxsr", /^fx(save|rstor)/],
  ["xsave", /^(xsave|xrstor|xgetbv|xsetbv)/],
  ["fence", /^[lms]fence$/],
  ["mwait", /^(monitor|mwait|monitorx|mwaitx|umonitor|umwait|tpause)$/],
  ["sysenter", /^(sysenter|sysexit|syscall|sysret)/],
  ["rdrand", /^(rdrand|rdseed)$/],
  ["rdtscp", /^(rdtscp|rdpid)$/],
  ["rdpmc", /^rdpmc$/],
  ["smap", /^(clac|stac)$/],
  [
    "bits",
    /^(popcnt|lzcnt|tzcnt|movbe|crc32|andn|bextr|blsi|blsr|blsmsk|bzhi|pdep|pext|rorx|sarx|shlx|shrx|mulx|adcx|adox)$/,
  ],
  ["3dnow", /^(femms|pf|pi2f|pavgusb|pmulhrw|pswapd)/],
  ["undecodable", /^(\(bad\)|\.byte)/],
];

/**
 * The reason why this instruction can't run on a Quark X1000, as a class name, or undefined if it can.
 * @param text disassembly in Intel syntax, prefixes in front (`lock add …`)
 * @param bytes the same instruction as hex pairs (`f0 83 04 24 00`)
 */
export function forbiddenClass(text: string, bytes: string): string | undefined {
  const tokens = text.trim().split(/\s+/);
  let index = 0;
  while (index < tokens.length - 1 && PREFIXES.has(tokens[index] ?? "")) index++;
  const mnemonic = tokens[index] ?? "";
  if (mnemonic === "nop" && isLongNop(bytes)) return "nopl";
  if (ALLOWED.has(mnemonic) || isBarePrefix(tokens)) {
    return VECTOR_REGISTER.test(withoutSymbols(text)) ? "vector-register" : undefined;
  }
  return classOf(mnemonic, text);
}

/** A prefix that the next byte does not continue; objdump prints it alone (padding, or data). */
function isBarePrefix(tokens: readonly string[]): boolean {
  return tokens.every((token) => PREFIXES.has(token));
}

function classOf(mnemonic: string, text: string): string {
  for (const [name, pattern] of CLASSES) if (pattern.test(mnemonic)) return name;
  if (/\b[yz]mm\d/.test(text) || (mnemonic.startsWith("v") && /\bxmm\d/.test(text))) return "avx";
  if (/\bxmm\d/.test(text)) return "sse";
  if (/\bmm[0-7]\b/.test(text) || mnemonic === "emms") return "mmx";
  return mnemonic;
}

/** `nop` with an operand is 0F 1F (or its reserved neighbours 0F 18…1E): Pentium Pro and later. */
function isLongNop(bytes: string): boolean {
  const opcode = bytes.replace(/^((66|67|2e|36|3e|26|64|65|f2|f3) )*/, "");
  return opcode.startsWith("0f ");
}

/** Operand text without `<symbol+0x10>`, whose name may look like a register. */
function withoutSymbols(text: string): string {
  return text.replace(/<[^>]*>/g, "");
}
