/** Why words of a rule are refused: by the tool (`parameter`), by the kernel, or because podwire does not model them. */
export class SpecFault extends Error {
  override readonly name = "SpecFault";

  constructor(
    readonly kind: "parameter" | "plain" | "kernel" | "not-modelled",
    message: string,
    /** kernel: errno's name */
    readonly errno: string = "EINVAL",
  ) {
    super(message);
  }
}

/** xtables_error(PARAMETER_PROBLEM): the tool's version stands before it, a hint after it. */
export function parameterFault(message: string): SpecFault {
  return new SpecFault("parameter", message);
}

export function kernelFault(errno: string): SpecFault {
  return new SpecFault("kernel", "", errno);
}

export function notModelled(what: string): SpecFault {
  return new SpecFault("not-modelled", `not modelled: ${what}`, "EOPNOTSUPP");
}
