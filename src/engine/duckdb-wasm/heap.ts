import { LakefrontError } from '../../errors.ts'
import type { CApi, Pointer } from './capi.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Views of the engine's linear memory, made anew after it grew, and strings in and out of it. */
export class Heap {
  readonly #memory: WebAssembly.Memory
  readonly #capi: CApi
  #bytes: Uint8Array<ArrayBuffer>
  #words: Uint32Array<ArrayBuffer>

  constructor(memory: WebAssembly.Memory, capi: CApi) {
    this.#memory = memory
    this.#capi = capi
    this.#bytes = new Uint8Array(memory.buffer)
    this.#words = new Uint32Array(memory.buffer)
  }

  /** All of memory as bytes. Good until the next call into the engine. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.byteLength === 0) this.#bytes = new Uint8Array(this.#memory.buffer)
    return this.#bytes
  }

  /** All of memory as 32-bit words. Good until the next call into the engine. */
  get words(): Uint32Array<ArrayBuffer> {
    if (this.#words.byteLength === 0) this.#words = new Uint32Array(this.#memory.buffer)
    return this.#words
  }

  /** Bytes the engine's memory has grown to; it never shrinks. */
  get byteLength(): number {
    return this.#memory.buffer.byteLength
  }

  pointerAt(address: Pointer): Pointer {
    return this.words[address >>> 2]!
  }

  allocate(bytes: number): Pointer {
    const address = this.#capi.malloc(Math.max(bytes, 1))
    if (address === 0) {
      throw new LakefrontError(
        'OUT_OF_MEMORY',
        `The engine could not allocate ${bytes} bytes. Query fewer columns or rows at once.`,
      )
    }
    return address
  }

  free(address: Pointer): void {
    this.#capi.free(address)
  }

  /** Runs `use` with `count` zeroed words of memory, freed afterwards. */
  withWords<T>(count: number, use: (address: Pointer) => T): T {
    const address = this.allocate(count * 4)
    try {
      this.words.fill(0, address >>> 2, (address >>> 2) + count)
      return use(address)
    } finally {
      this.free(address)
    }
  }

  /** Runs `use` with the address of a word that holds `pointer`, as DuckDB's destructors want it. */
  withPointer(pointer: Pointer, use: (address: Pointer) => void): void {
    this.withWords(1, (address) => {
      this.words[address >>> 2] = pointer
      use(address)
    })
  }

  /** Runs `use` with `text` as a zero-terminated C string, freed afterwards. */
  withText<T>(text: string, use: (address: Pointer, bytes: number) => T): T {
    return this.withBytes(encoder.encode(`${text}\0`), (address, length) => use(address, length - 1))
  }

  /** Runs `use` with a copy of `data` in memory, freed afterwards. */
  withBytes<T>(data: Uint8Array, use: (address: Pointer, bytes: number) => T): T {
    const address = this.allocate(data.byteLength)
    try {
      this.bytes.set(data, address)
      return use(address, data.byteLength)
    } finally {
      this.free(address)
    }
  }

  /** The zero-terminated string at `address`; empty for null. */
  text(address: Pointer): string {
    if (address === 0) return ''
    const bytes = this.bytes
    const start = address >>> 0
    let end = start
    while (bytes[end] !== 0) end++
    return decoder.decode(bytes.subarray(start, end))
  }

  /** Like {@link text}, and frees it. */
  takeText(address: Pointer): string {
    try {
      return this.text(address)
    } finally {
      if (address !== 0) this.free(address)
    }
  }
}
