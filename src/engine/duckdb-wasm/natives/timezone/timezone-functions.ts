import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import type { NativeFunctions, ScalarCall, ScalarOverload } from '../native-functions.ts'
import type { Column, VectorAccess } from '../vector-access.ts'
import { countBetween, FirstSeconds, isOfDays, truncate, wallAt } from './calendar.ts'
import type { CountedField, Moment } from './calendar.ts'
import { civilFromDays, daysFromCivil } from './civil.ts'
import { datePart, extract, isFractional, partFunctions, truncationOf } from './date-parts.ts'
import type { DatePart } from './date-parts.ts'
import { eachRow } from './each-row.ts'
import { MomentAccess } from './moment-access.ts'
import { registerTimezoneCasts } from './timezone-casts.ts'
import { registerTimezoneMacros } from './timezone-macros.ts'
import { RangeTables } from './range-tables.ts'
import { SpanFunctions } from './span-functions.ts'
import type { SessionZone } from './session-zone.ts'
import { dayNames, monthNames, strftime } from './strftime.ts'
import type { Zone } from './zone.ts'

const varchar: LogicalType = { kind: 'varchar' }
const timestamptz: LogicalType = { kind: 'timestamptz' }
const timestamp: LogicalType = { kind: 'timestamp' }
const bigint: LogicalType = { kind: 'bigint' }
const double: LogicalType = { kind: 'double' }

/** Defines what DuckDB's icu extension brings for TIMESTAMPTZ, with the platform's own zones. */
export class TimezoneFunctions {
  readonly #functions: NativeFunctions
  readonly #session: SessionZone
  readonly #vectors: VectorAccess
  readonly #moment: MomentAccess
  readonly #other: MomentAccess

  constructor(functions: NativeFunctions, session: SessionZone, vectors: VectorAccess) {
    this.#functions = functions
    this.#session = session
    this.#vectors = vectors
    this.#moment = new MomentAccess(functions.duckdb)
    this.#other = new MomentAccess(functions.duckdb)
  }

  register(): void {
    registerTimezoneCasts(this.#functions, this.#session, this.#vectors)
    this.#registerTimezone()
    this.#registerParts()
    this.#registerTruncation()
    this.#registerDifferences()
    this.#registerNames()
    this.#registerMakers()
    new SpanFunctions(this.#functions, this.#session, this.#vectors).register()
    new RangeTables(this.#functions, this.#session, this.#vectors).register()
    registerTimezoneMacros(this.#functions)
  }

  #registerTimezone(): void {
    const overload = (
      from: LogicalType,
      to: LogicalType,
      shift: (zone: Zone, sec: number) => number,
    ): ScalarOverload => ({
      parameters: [varchar, from],
      returns: to,
      run: (call) => {
        let zone: Zone | undefined
        let last = -1
        this.#eachRow(call, 2, ([names, times], output, row) => {
          if (!this.#moment.read(times!.data, row))
            return this.#moment.writeInfinity(output, row, this.#moment.isNegative(times!.data, row))
          if (last < 0 || !this.#vectors.isSame(names!, row, last))
            zone = this.#session.zones.get(this.#vectors.text(names!, row))
          last = row
          this.#moment.write(output, row, shift(zone!, this.#moment.sec), this.#moment.us)
        })
      },
    })
    this.#functions.scalar('timezone', [
      overload(timestamp, timestamptz, (zone, sec) => zone.instantOf(sec)),
      overload(timestamptz, timestamp, (zone, sec) => sec + zone.offsetAt(sec)),
    ])
  }

  #registerParts(): void {
    for (const [name, part] of Object.entries(partFunctions)) {
      const returns = isFractional(part) ? double : bigint
      this.#functions.scalar(name, [
        {
          parameters: [timestamptz],
          returns,
          run: (call) => this.#eachFinite(call, 1, 0, (_columns, output, row) => this.#putPart(output, row, part)),
        },
      ])
    }
    for (const name of ['date_part', 'datepart']) {
      this.#functions.scalar(name, [
        {
          parameters: [varchar, timestamptz],
          returns: bigint,
          bind: (call) => {
            const specifier = call.constantText(0)
            if (specifier !== undefined && specifier !== null && isFractional(datePart(specifier)))
              call.setReturnType(double)
          },
          run: (call) => {
            const partOf = this.#specifiers()
            const isDouble = this.#isDouble(call.output)
            this.#eachFinite(call, 2, 1, ([specifiers], output, row) => {
              const part = partOf(specifiers!, row)
              if (isDouble) this.#putPart(output, row, part)
              else this.#putBigint(output, row, Math.round(extract(this.#session.zone, part, this.#moment)))
            })
          },
        },
      ])
    }
  }

  #registerTruncation(): void {
    for (const name of ['date_trunc', 'datetrunc']) {
      this.#functions.scalar(name, [
        {
          parameters: [varchar, timestamptz],
          returns: timestamptz,
          run: (call) => {
            const partOf = this.#specifiers()
            const { zone } = this.#session
            const days = new FirstSeconds(zone)
            this.#eachRow(call, 2, ([specifiers, times], output, row) => {
              if (!this.#moment.read(times!.data, row))
                return this.#moment.writeInfinity(output, row, this.#moment.isNegative(times!.data, row))
              const part = truncationOf(partOf(specifiers!, row))
              if (isOfDays(part)) return this.#moment.write(output, row, days.of(part, this.#moment.sec), 0)
              const { sec, us } = truncate(zone, part, this.#moment)
              this.#moment.write(output, row, sec, us)
            })
          },
        },
      ])
    }
    this.#functions.scalar('last_day', [
      {
        parameters: [timestamptz],
        returns: { kind: 'date' },
        run: (call) =>
          this.#eachFinite(call, 1, 0, (_columns, output, row) => {
            const { year, month } = civilFromDays(wallAt(this.#session.zone, this.#moment.sec).days)
            this.#functions.duckdb.heap.words[(output >>> 2) + row] = daysFromCivil(year, month + 1, 1) - 1
          }),
      },
    ])
  }

  #registerDifferences(): void {
    const define = (names: readonly string[], isCut: boolean): void => {
      for (const name of names) {
        this.#functions.scalar(name, [
          {
            parameters: [varchar, timestamptz, timestamptz],
            returns: bigint,
            run: (call) => {
              const partOf = this.#specifiers()
              this.#eachRow(call, 3, ([specifiers, starts, ends], output, row) => {
                const isFinite = this.#moment.read(starts!.data, row) && this.#other.read(ends!.data, row)
                if (!isFinite) return this.#vectors.putNull(call.output, row)
                const part = partOf(specifiers!, row)
                this.#putBigint(output, row, this.#difference(part, isCut))
              })
            },
          },
        ])
      }
    }
    define(['date_sub', 'datesub'], false)
    define(['date_diff', 'datediff'], true)
  }

  /** Whole parts from one moment to the other; `isCut` counts the borders between instead. */
  #difference(part: DatePart, isCut: boolean): bigint | number {
    const { zone } = this.#session
    const unit = truncationOf(part)
    const cut = (moment: Moment): Moment =>
      isCut ? truncate(zone, unit === 'week' ? 'day' : unit, moment) : { sec: moment.sec, us: moment.us }
    const start = cut(this.#moment)
    const end = cut(this.#other)
    const micros = BigInt(end.sec - start.sec) * 1_000_000n + BigInt(end.us - start.us)
    const count = (field: CountedField): number => countBetween(zone, field, start, end).count
    switch (unit) {
      case 'microsecond':
        return micros
      case 'millisecond':
        return micros / 1000n
      case 'second':
        return micros / 1_000_000n
      case 'minute':
        return micros / 60_000_000n
      case 'hour':
      case 'day':
      case 'week':
      case 'month':
      case 'isoyear':
      case 'year':
        return count(unit)
      case 'quarter':
        return Math.trunc(count('month') / 3)
      case 'decade':
        return Math.trunc(count('year') / 10)
      case 'century':
        return Math.trunc(count('year') / 100)
      case 'millennium':
        return Math.trunc(count('year') / 1000)
      case 'era':
        return extract(zone, 'era', end) - extract(zone, 'era', start)
      default:
        return unit satisfies never
    }
  }

  #registerNames(): void {
    const names = (name: string, textOf: (days: number) => string): void =>
      this.#functions.scalar(name, [
        {
          parameters: [timestamptz],
          returns: varchar,
          run: (call) =>
            this.#eachFinite(call, 1, 0, (_columns, _output, row) =>
              this.#vectors.putText(call.output, row, textOf(wallAt(this.#session.zone, this.#moment.sec).days)),
            ),
        },
      ])
    names('monthname', (days) => monthNames[civilFromDays(days).month - 1]!)
    names('dayname', (days) => dayNames[(((days + 4) % 7) + 7) % 7]!)
    this.#functions.scalar('strftime', [
      {
        parameters: [timestamptz, varchar],
        returns: varchar,
        run: (call) =>
          this.#eachRow(call, 2, ([times, formats], _output, row) => {
            const text = this.#moment.read(times!.data, row)
              ? strftime(this.#session.zone, this.#moment, this.#vectors.text(formats!, row), this.#session.name)
              : this.#moment.isNegative(times!.data, row)
                ? '-infinity'
                : 'infinity'
            this.#vectors.putText(call.output, row, text)
          }),
      },
    ])
  }

  #registerMakers(): void {
    const parts = [bigint, bigint, bigint, bigint, bigint, double]
    const run = (call: ScalarCall, hasZone: boolean): void => {
      const { heap } = this.#functions.duckdb
      this.#eachRow(call, hasZone ? 7 : 6, (columns, output, row) => {
        const view = new DataView(heap.bytes.buffer)
        const whole = (index: number): number => Number(view.getBigInt64(columns[index]!.data + row * 8, true))
        const [year, month, day, hour, minute] = [0, 1, 2, 3, 4].map(whole) as [number, number, number, number, number]
        const seconds = view.getFloat64(columns[5]!.data + row * 8, true)
        const millis = Math.trunc((seconds - Math.trunc(seconds)) * 1000)
        const micros = Math.round(((seconds - Math.trunc(seconds)) * 1000 - millis) * 1000)
        const zone = hasZone ? this.#session.zones.get(this.#vectors.text(columns[6]!, row)) : this.#session.zone
        const days = daysFromCivil(year < 0 ? year + 1 : year, month, day)
        const local = days * 86_400 + hour * 3600 + minute * 60 + Math.trunc(seconds)
        this.#moment.write(output, row, zone.instantOf(local), millis * 1000 + micros)
      })
    }
    this.#functions.scalar('make_timestamptz', [
      { parameters: parts, returns: timestamptz, run: (call) => run(call, false) },
      { parameters: [...parts, varchar], returns: timestamptz, run: (call) => run(call, true) },
      {
        parameters: [bigint],
        returns: timestamptz,
        run: (call) =>
          this.#eachRow(call, 1, ([micros], output, row) => {
            if (!this.#moment.read(micros!.data, row)) throw new Error('Timestamp microseconds out of range')
            this.#moment.write(output, row, this.#moment.sec, this.#moment.us)
          }),
      },
    ])
  }

  /** Runs `use` for every row without nulls; the others become null. */
  #eachRow(
    call: ScalarCall,
    count: number,
    use: (columns: readonly Column[], output: Pointer, row: number) => void,
  ): void {
    eachRow(this.#vectors, call, count, use)
  }

  /** Like {@link #eachRow}, with the moment of column `at` read; infinite ones become null. */
  #eachFinite(
    call: ScalarCall,
    count: number,
    at: number,
    use: (columns: readonly Column[], output: Pointer, row: number) => void,
  ): void {
    this.#eachRow(call, count, (columns, output, row) => {
      if (this.#moment.read(columns[at]!.data, row)) use(columns, output, row)
      else this.#vectors.putNull(call.output, row)
    })
  }

  /** Reads specifiers, which mostly are the same in all rows. */
  #specifiers(): (column: Column, row: number) => DatePart {
    let last = -1
    let part: DatePart = 'year'
    return (column, row) => {
      if (last < 0 || !this.#vectors.isSame(column, row, last)) part = datePart(this.#vectors.text(column, row))
      last = row
      return part
    }
  }

  #isDouble(vector: Pointer): boolean {
    const { duckdb, types } = this.#functions
    return types.take(duckdb.capi.vectorGetColumnType(vector), 'result').kind === 'double'
  }

  #putPart(output: Pointer, row: number, part: DatePart): void {
    const value = extract(this.#session.zone, part, this.#moment)
    if (isFractional(part))
      new DataView(this.#functions.duckdb.heap.bytes.buffer).setFloat64(output + row * 8, value, true)
    else this.#putBigint(output, row, value)
  }

  #putBigint(output: Pointer, row: number, value: number | bigint): void {
    const { words, bytes } = this.#functions.duckdb.heap
    if (typeof value === 'bigint') new DataView(bytes.buffer).setBigInt64(output + row * 8, value, true)
    else {
      words[(output >>> 2) + row * 2] = value
      words[(output >>> 2) + row * 2 + 1] = Math.floor(value / 2 ** 32)
    }
  }
}
