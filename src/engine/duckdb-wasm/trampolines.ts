// Made by `node wasm/build-trampolines.mjs` from wasm/trampolines.wat. Do not edit: a test compares the two.

/** What an instance of the trampolines calls; import it as `{ lf: imports }`. None may throw: DuckDB's frames lie below. */
export interface TrampolineImports {
  call_i(a: number): void
  call_ii(a: number, b: number): void
  call_iii(a: number, b: number, c: number): void
  /** Answers 0 when nothing is there yet; then `wait` is called, and `fill` again after it. */
  fill(info: number, output: number): number
  /** Wrap it in `WebAssembly.Suspending` where the platform has it. */
  wait(info: number, output: number): void
  /** Answers 1 when every row could be cast. */
  cast(input: number, output: number, count: bigint, parameters: number): number
  size(info: number): bigint
  combine(info: number, source: number, target: number, count: bigint): void
  finalize(info: number, states: number, output: number, count: bigint, offset: bigint): void
  destroy(states: number, count: bigint): void
  /** Answers 1 when the same input has more rows to give, 0 when it has not. May throw what DuckDB's own functions threw. */
  in_out(context: number, data: number, input: number, output: number): number
}

/** What an instance of the trampolines exports: each may be set into DuckDB's function table. */
export interface TrampolineExports {
  /** Forwards to `call_i`: bind, init, and destructors. */
  readonly f_i: (a: number) => void
  /** Forwards to `call_ii`: a table function that never waits. */
  readonly f_ii: (a: number, b: number) => void
  /** Forwards to `call_iii`: scalar functions and replacement scans. */
  readonly f_iii: (a: number, b: number, c: number) => void
  /** A table function that may wait: calls `fill`, and `wait` as long as `fill` answers 0. */
  readonly f_scan: (info: number, output: number) => void
  readonly f_cast: TrampolineImports['cast']
  /** Bytes of one state of an aggregate function. */
  readonly f_size: TrampolineImports['size']
  readonly f_combine: TrampolineImports['combine']
  readonly f_finalize: TrampolineImports['finalize']
  readonly f_destroy: TrampolineImports['destroy']
  /** A table function of the rows of another table. */
  readonly f_in_out: TrampolineImports['in_out']
}

const base64: string =
  'AGFzbQEAAAABPwpgAX8AYAJ/fwBgA39/fwBgAn9/AX9gBH9/fn8Bf2ABfwF+YAR/f39+AGAFf39/fn4AYAJ/fgBgBH9/f38BfwKE' +
  'AQsCbGYGY2FsbF9pAAACbGYHY2FsbF9paQABAmxmCGNhbGxfaWlpAAICbGYEZmlsbAADAmxmBHdhaXQAAQJsZgRjYXN0AAQCbGYE' +
  'c2l6ZQAFAmxmB2NvbWJpbmUABgJsZghmaW5hbGl6ZQAHAmxmB2Rlc3Ryb3kACAJsZgZpbl9vdXQACQMLCgABAgEEBQYHCAkHYQoD' +
  'Zl9pAAsEZl9paQAMBWZfaWlpAA0GZl9zY2FuAA4GZl9jYXN0AA8GZl9zaXplABAJZl9jb21iaW5lABEKZl9maW5hbGl6ZQASCWZf' +
  'ZGVzdHJveQATCGZfaW5fb3V0ABQKegoGACAAEAALCAAgACABEAELCgAgACABIAIQAgsXAANAIAAgARADRQRAIAAgARAEDAELCwsM' +
  'ACAAIAEgAiADEAULBgAgABAGCwwAIAAgASACIAMQBwsOACAAIAEgAiADIAQQCAsIACAAIAEQCQsMACAAIAEgAiADEAoL'

/** The trampolines as a wasm file, small enough to be compiled synchronously on any thread. */
export function trampolineBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}
