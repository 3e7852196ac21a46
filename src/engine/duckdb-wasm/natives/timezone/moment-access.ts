import type { Duckdb } from '../../boot.ts'
import type { Pointer } from '../../capi.ts'
import type { Moment, Span } from './calendar.ts'

/** `infinity` and `-infinity` as words of 32 bits, high and low. */
const infinity = [0x7fff_ffff, 0xffff_ffff] as const
const minusInfinity = [0x8000_0000, 1] as const

/** Seconds up to which microseconds are whole numbers in JavaScript. */
const safeSeconds = 9e9

/** Largest number of seconds of a timestamp. */
const largestSecond = 9_223_372_036_854

/** Reads and writes timestamps of microseconds in DuckDB's memory as seconds and microseconds. */
export class MomentAccess implements Moment {
  sec = 0
  us = 0
  readonly #duckdb: Duckdb

  constructor(duckdb: Duckdb) {
    this.#duckdb = duckdb
  }

  /** Reads the timestamp at `row`; answers false for an infinite one. */
  read(data: Pointer, row: number): boolean {
    const word = (data >>> 2) + row * 2
    const { words } = this.#duckdb.heap
    const high = words[word + 1]! | 0
    const low = words[word]!
    if (high === 0x7fff_ffff && low === infinity[1]) return false
    if (high === -0x8000_0000 && low <= 1) return false
    // 2^32 µs are 4,294 s and 967,296 µs.
    const rest = high * 967_296 + low
    const seconds = Math.floor(rest / 1_000_000)
    this.sec = high * 4294 + seconds
    this.us = rest - seconds * 1_000_000
    return true
  }

  /** The INTERVAL at `row`, or the same backwards. */
  span(data: Pointer, row: number, sign: 1 | -1 = 1): Span {
    const { words, bytes } = this.#duckdb.heap
    const word = (data >>> 2) + row * 4
    const micros = new DataView(bytes.buffer).getBigInt64(data + row * 16 + 8, true)
    return {
      months: sign * (words[word]! | 0),
      days: sign * (words[word + 1]! | 0),
      seconds: sign * Number(micros / 1_000_000n),
      micros: sign * Number(micros % 1_000_000n),
    }
  }

  isNegative(data: Pointer, row: number): boolean {
    return this.#duckdb.heap.words[(data >>> 2) + row * 2 + 1]! >= 0x8000_0000
  }

  write(data: Pointer, row: number, sec: number, us: number): void {
    if (!(Math.abs(sec) < largestSecond)) throw new Error('ICU date overflows timestamp range')
    const word = (data >>> 2) + row * 2
    const { words } = this.#duckdb.heap
    if (Math.abs(sec) < safeSeconds) {
      const value = sec * 1_000_000 + us
      const high = Math.floor(value / 2 ** 32)
      words[word] = value - high * 2 ** 32
      words[word + 1] = high
    } else {
      const value = BigInt.asUintN(64, BigInt(sec) * 1_000_000n + BigInt(us))
      words[word] = Number(value & 0xffff_ffffn)
      words[word + 1] = Number(value >> 32n)
    }
  }

  writeInfinity(data: Pointer, row: number, isNegative: boolean): void {
    const [high, low] = isNegative ? minusInfinity : infinity
    const word = (data >>> 2) + row * 2
    this.#duckdb.heap.words[word] = low
    this.#duckdb.heap.words[word + 1] = high
  }
}
