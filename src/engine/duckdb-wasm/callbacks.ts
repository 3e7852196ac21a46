import { trampolineBytes } from './trampolines.ts'
import type { TrampolineExports, TrampolineImports } from './trampolines.ts'
import type { Pointer } from './capi.ts'

const none = (): void => {}

const noImports: TrampolineImports = {
  call_i: none,
  call_ii: none,
  call_iii: none,
  fill: () => 1,
  wait: none,
  cast: () => 1,
  size: () => 8n,
  combine: none,
  finalize: none,
  destroy: none,
  in_out: () => 0,
}

/** An instance of the trampolines that calls `imports`. */
export function instantiateTrampolines(
  imports: Partial<TrampolineImports>,
  module: WebAssembly.Module = new WebAssembly.Module(trampolineBytes()),
): TrampolineExports {
  const lf = { ...noImports, ...imports } as unknown as WebAssembly.ModuleImports
  return new WebAssembly.Instance(module, { lf }).exports as unknown as TrampolineExports
}

/** Puts JavaScript functions into DuckDB's function table, where they stay as long as the engine. */
export class Callbacks {
  readonly #table: WebAssembly.Table
  readonly #module = new WebAssembly.Module(trampolineBytes())

  constructor(table: WebAssembly.Table) {
    this.#table = table
  }

  /** A slot for `entry` of the trampolines, which calls `imports`. */
  place(entry: keyof TrampolineExports, imports: Partial<TrampolineImports>): Pointer {
    const slot = this.#table.grow(1)
    this.#table.set(slot, instantiateTrampolines(imports, this.#module)[entry])
    return slot
  }
}
