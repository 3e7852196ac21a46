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
    const lf = { ...noImports, ...imports } as unknown as WebAssembly.ModuleImports
    const { exports } = new WebAssembly.Instance(this.#module, { lf })
    const slot = this.#table.grow(1)
    this.#table.set(slot, (exports as unknown as TrampolineExports)[entry])
    return slot
  }
}
