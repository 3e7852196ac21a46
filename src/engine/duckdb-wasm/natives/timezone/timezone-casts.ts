import type { LogicalType } from '../../../../types/logical-type.ts'
import { parseTimestamp } from '../../../../types/temporal-parse.ts'
import { timestampText } from '../../../../types/temporal-text.ts'
import type { Pointer } from '../../capi.ts'
import type { CastCall, NativeFunctions } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import { InstantTexts } from './instant-texts.ts'
import { MomentAccess } from './moment-access.ts'
import type { SessionZone } from './session-zone.ts'
import { offsetText } from './strftime.ts'

const timestamptz: LogicalType = { kind: 'timestamptz' }
const largestOffset = 57_599

/** Casts of TIMESTAMPTZ, by the zone of the session. */
export function registerTimezoneCasts(functions: NativeFunctions, session: SessionZone, vectors: VectorAccess): void {
  const { heap } = functions.duckdb
  const moment = new MomentAccess(functions.duckdb)
  const eachRow =
    (use: (input: Pointer, output: Pointer, row: number, call: CastCall) => void) =>
    (call: CastCall): void => {
      const input = vectors.column(call.input)
      const output = vectors.column(call.output)
      for (let row = 0; row < call.rows; row++) {
        if (vectors.isNull(input, row)) vectors.putNull(call.output, row)
        else use(input.data, output.data, row, call)
      }
    }
  const texts = new InstantTexts(functions.duckdb, session, vectors, (sec, us) => instantText(session, sec, us))
  const units = { timestamp: 6, timestamp_s: 0, timestamp_ms: 3, timestamp_ns: 9 } as const
  for (const [kind, digits] of Object.entries(units)) {
    const type = { kind: kind as keyof typeof units }
    functions.cast({
      from: timestamptz,
      to: type,
      implicitCost: -1,
      run: eachRow((input, output, row) => {
        if (!moment.read(input, row)) return moment.writeInfinity(output, row, moment.isNegative(input, row))
        const local = moment.sec + session.zone.offsetAt(moment.sec)
        if (digits === 6) moment.write(output, row, local, moment.us)
        else writeUnits(heap.bytes, output + row * 8, local, moment.us, digits)
      }),
    })
    functions.cast({
      from: type,
      to: timestamptz,
      implicitCost: 123,
      run: eachRow((input, output, row) => {
        if (!moment.read(input, row)) return moment.writeInfinity(output, row, moment.isNegative(input, row))
        const [sec, us] = digits === 6 ? [moment.sec, moment.us] : readUnits(heap.bytes, input + row * 8, digits)
        moment.write(output, row, session.zone.instantOf(sec!), us!)
      }),
    })
  }
  functions.cast({
    from: timestamptz,
    to: { kind: 'date' },
    implicitCost: -1,
    run: eachRow((input, output, row) => {
      const isFinite = moment.read(input, row)
      const days = isFinite
        ? Math.floor((moment.sec + session.zone.offsetAt(moment.sec)) / 86_400)
        : moment.isNegative(input, row)
          ? -0x7fff_ffff
          : 0x7fff_ffff
      heap.words[(output >>> 2) + row] = days
    }),
  })
  functions.cast({
    from: { kind: 'date' },
    to: timestamptz,
    implicitCost: 123,
    run: eachRow((input, output, row) => {
      const days = heap.words[(input >>> 2) + row]! | 0
      if (Math.abs(days) === 0x7fff_ffff) moment.writeInfinity(output, row, days < 0)
      else moment.write(output, row, session.zone.instantOf(days * 86_400), 0)
    }),
  })
  functions.cast({
    from: timestamptz,
    to: { kind: 'timetz' },
    implicitCost: -1,
    run: eachRow((input, output, row, call) => {
      if (!moment.read(input, row)) return vectors.putNull(call.output, row)
      const offset = session.zone.offsetAt(moment.sec)
      const local = moment.sec + offset
      const micros = (local - Math.floor(local / 86_400) * 86_400) * 1_000_000 + moment.us
      const packed = (BigInt(micros) << 24n) | BigInt(largestOffset - offset)
      new DataView(heap.bytes.buffer).setBigUint64(output + row * 8, packed, true)
    }),
  })
  functions.cast({
    from: timestamptz,
    to: { kind: 'varchar' },
    implicitCost: -1,
    run: (call) => texts.run(call),
  })
  functions.cast({
    from: { kind: 'varchar' },
    to: timestamptz,
    implicitCost: -1,
    run: (call) => {
      const input = vectors.column(call.input)
      const output = vectors.column(call.output)
      for (let row = 0; row < call.rows; row++) {
        if (vectors.isNull(input, row)) {
          vectors.putNull(call.output, row)
          continue
        }
        const text = vectors.text(input, row)
        try {
          const micros = parseInstant(session, text)
          if (micros === undefined)
            call.fail(
              row,
              `invalid timestamp field format: "${text}", expected format is (YYYY-MM-DD HH:MM:SS[.US][±HH[:MM[:SS]]| ZONE])`,
            )
          else new DataView(heap.bytes.buffer).setBigInt64(output.data + row * 8, micros, true)
        } catch (error) {
          call.fail(row, (error as Error).message)
        }
      }
    },
  })
}

/** An instant as text in the zone of the session: `2026-11-21 13:00:00+01`. */
export function instantText(session: SessionZone, sec: number, us: number): string {
  const offset = session.zone.offsetAt(sec)
  const local = BigInt(sec + offset) * 1_000_000n + BigInt(us)
  return timestampText(6, offsetText(offset)).fromBigInt(local)
}

/** Microseconds of a text; undefined when it is none. @throws Error for a zone that is not known. */
function parseInstant(session: SessionZone, text: string): bigint | undefined {
  const hasOffset = /:.*\d\s*(?:z|utc|[+-]\d{1,2}(?::?\d\d){0,2})\s*$/i.test(text)
  const parsedWhole = parseTimestamp(text, 6, true)
  if (parsedWhole !== undefined) return hasOffset ? parsedWhole : inZone(session.zone, parsedWhole)
  const [, time = '', name = ''] = /^(.*\d)\s+([A-Za-z][\w/+-]*)\s*$/.exec(text) ?? []
  const parsed = time === '' ? undefined : parseTimestamp(time, 6, false)
  return parsed === undefined ? undefined : inZone(session.zones.get(name), parsed)
}

function inZone(zone: SessionZone['zone'], micros: bigint): bigint {
  const largest = 2n ** 63n - 1n
  if (micros === largest || micros === -largest) return micros
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n)
  return BigInt(zone.instantOf(Number(seconds))) * 1_000_000n + (micros - seconds * 1_000_000n)
}

function writeUnits(bytes: Uint8Array, address: number, sec: number, us: number, digits: 0 | 3 | 9): void {
  const micros = BigInt(sec) * 1_000_000n + BigInt(us)
  const units = digits === 9 ? micros * 1000n : digits === 3 ? micros / 1000n : micros / 1_000_000n
  if (units !== BigInt.asIntN(64, units)) throw new Error('Could not convert Timestamp(US) to Timestamp(NS)')
  new DataView(bytes.buffer).setBigInt64(address, units, true)
}

function readUnits(bytes: Uint8Array, address: number, digits: 0 | 3 | 9): readonly [sec: number, us: number] {
  const units = new DataView(bytes.buffer).getBigInt64(address, true)
  const micros = digits === 9 ? units / 1000n : digits === 3 ? units * 1000n : units * 1_000_000n
  const sec = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n)
  return [Number(sec), Number(micros - sec * 1_000_000n)]
}
