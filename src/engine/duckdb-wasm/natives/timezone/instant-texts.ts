import type { Duckdb } from '../../boot.ts'
import type { Pointer } from '../../capi.ts'
import type { CastCall } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import { civilFromDays } from './civil.ts'
import { MomentAccess } from './moment-access.ts'
import type { SessionZone } from './session-zone.ts'
import { offsetText } from './strftime.ts'

/** No instant is written longer. */
const longestText = 64

/** Texts that DuckDB keeps in the entry of a row itself. */
const inlineBytes = 12

const secondsPerDay = 86_400
const zero = 48

/**
 * Writes instants as text in the zone of the session, a vector at once: the day and the offset of the row before are written again where
 * they are the same, and DuckDB takes all texts as one long string that the rows point into.
 */
export class InstantTexts {
  readonly #duckdb: Duckdb
  readonly #session: SessionZone
  readonly #vectors: VectorAccess
  readonly #rare: (sec: number, us: number) => string
  readonly #moment: MomentAccess
  readonly #day = new Uint8Array(10)
  #days = NaN
  #offset = NaN
  #offsetBytes = new Uint8Array()
  #scratch: Pointer = 0
  #room = 0

  /** `rare` writes instants of years before 1 and after 9999. */
  constructor(duckdb: Duckdb, session: SessionZone, vectors: VectorAccess, rare: (sec: number, us: number) => string) {
    this.#duckdb = duckdb
    this.#session = session
    this.#vectors = vectors
    this.#rare = rare
    this.#moment = new MomentAccess(duckdb)
  }

  run({ input, output, rows }: CastCall): void {
    const { capi, heap } = this.#duckdb
    const column = this.#vectors.column(input)
    if (this.#room < rows) {
      if (this.#scratch !== 0) heap.free(this.#scratch)
      this.#room = Math.max(rows, 2048)
      this.#scratch = heap.allocate(this.#room * longestText)
    }
    const sizes = new Uint32Array(rows)
    let at = this.#scratch
    for (let row = 0; row < rows; row++) {
      if (this.#vectors.isNull(column, row)) {
        this.#vectors.putNull(output, row)
        continue
      }
      sizes[row] = this.#put(at, column.data, row)
      at += sizes[row]!
    }
    const total = at - this.#scratch
    const entries = capi.vectorGetData(output) >>> 2
    let from = this.#scratch
    if (total > inlineBytes) {
      capi.unsafeVectorAssignStringElementLen(output, 0, this.#scratch, total)
      from = heap.words[entries + 2]!
    }
    for (let row = 0; row < rows; row++) {
      this.#point(entries + row * 4, from, sizes[row]!)
      from += sizes[row]!
    }
  }

  /** Makes an entry of a row mean `size` bytes at an address. */
  #point(entry: number, from: Pointer, size: number): void {
    const { bytes, words } = this.#duckdb.heap
    const shown = size <= inlineBytes ? size : 4
    const to = (entry + 1) * 4
    words[entry] = size
    words[entry + 1] = 0
    words[entry + 2] = 0
    words[entry + 3] = 0
    for (let byte = 0; byte < shown; byte++) bytes[to + byte] = bytes[from + byte]!
    if (size > inlineBytes) words[entry + 2] = from
  }

  /** Writes the text of a row to an address; answers its bytes. */
  #put(to: Pointer, data: Pointer, row: number): number {
    const { bytes } = this.#duckdb.heap
    if (!this.#moment.read(data, row))
      return this.#putText(to, this.#moment.isNegative(data, row) ? '-infinity' : 'infinity')
    const { sec, us } = this.#moment
    const offset = this.#session.zone.offsetAt(sec)
    const local = sec + offset
    const days = Math.floor(local / secondsPerDay)
    if (days !== this.#days && !this.#writeDay(days)) return this.#putText(to, this.#rare(sec, us))
    for (let byte = 0; byte < 10; byte++) bytes[to + byte] = this.#day[byte]!
    const second = local - days * secondsPerDay
    bytes[to + 10] = 32
    putTwo(bytes, to + 11, Math.floor(second / 3600))
    bytes[to + 13] = 58
    putTwo(bytes, to + 14, Math.floor(second / 60) % 60)
    bytes[to + 16] = 58
    putTwo(bytes, to + 17, second % 60)
    const end = us === 0 ? to + 19 : putFraction(bytes, to + 19, us)
    if (offset !== this.#offset) {
      this.#offset = offset
      this.#offsetBytes = new TextEncoder().encode(offsetText(offset))
    }
    const size = this.#offsetBytes.length
    for (let byte = 0; byte < size; byte++) bytes[end + byte] = this.#offsetBytes[byte]!
    return end + size - to
  }

  #putText(to: Pointer, text: string): number {
    const { bytes } = this.#duckdb.heap
    return new TextEncoder().encodeInto(text, bytes.subarray(to, to + longestText)).written
  }

  /** False for a day whose year has not four digits. */
  #writeDay(days: number): boolean {
    const { year, month, day } = civilFromDays(days)
    if (year < 1 || year > 9999) return false
    this.#days = days
    putTwo(this.#day, 0, Math.floor(year / 100))
    putTwo(this.#day, 2, year % 100)
    this.#day[4] = 45
    putTwo(this.#day, 5, month)
    this.#day[7] = 45
    putTwo(this.#day, 8, day)
    return true
  }
}

function putTwo(bytes: Uint8Array, at: number, value: number): void {
  const tens = Math.floor(value / 10)
  bytes[at] = zero + tens
  bytes[at + 1] = zero + value - tens * 10
}

/** Microseconds behind a point, without the zeros at their end; answers where they end. */
function putFraction(bytes: Uint8Array, at: number, micros: number): number {
  bytes[at] = 46
  let rest = micros
  for (let digit = 6; digit > 0; digit--) {
    bytes[at + digit] = zero + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  let end = at + 7
  while (bytes[end - 1] === zero) end--
  return end
}
