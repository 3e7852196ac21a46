import type { LogicalType } from '../../../../types/logical-type.ts'
import type { Pointer } from '../../capi.ts'
import type { NativeFunctions, ScalarOverload } from '../native-functions.ts'
import type { VectorAccess } from '../vector-access.ts'
import { addDays, addMonths, addSpan, countBetween, truncate, wallAt } from './calendar.ts'
import type { Moment, Span } from './calendar.ts'
import { civilFromDays, daysInMonth } from './civil.ts'
import { eachRow } from './each-row.ts'
import { instants, isNothing } from './instant-range.ts'
import { MomentAccess } from './moment-access.ts'
import type { SessionZone } from './session-zone.ts'

const timestamptz: LogicalType = { kind: 'timestamptz' }
const interval: LogicalType = { kind: 'interval' }
const varchar: LogicalType = { kind: 'varchar' }

/** 2000-01-03, a Monday, and 2000-01-01: where buckets are counted from. */
const mondayOrigin: Moment = { sec: 946_857_600, us: 0 }
const monthOrigin: Moment = { sec: 946_684_800, us: 0 }

/** Most elements of a list that `range` makes of one row. */
const longestRange = 2 ** 24

/** Functions of TIMESTAMPTZ and INTERVAL: sums, differences, ages, buckets and ranges. */
export class SpanFunctions {
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
    const functions = this.#functions
    functions.scalar('+', [this.#sum(0, 1, 1), this.#sum(1, 0, 1)])
    functions.scalar('-', [
      this.#sum(0, 1, -1),
      {
        parameters: [timestamptz, timestamptz],
        returns: interval,
        run: (call) =>
          eachRow(this.#vectors, call, 2, ([ends, starts], output, row) => {
            if (!this.#moment.read(ends!.data, row) || !this.#other.read(starts!.data, row))
              throw new Error('Cannot subtract infinite timestamps')
            this.#putSpan(output, row, this.#between(this.#moment, this.#other))
          }),
      },
    ])
    functions.scalar('age', [
      {
        parameters: [timestamptz, timestamptz],
        returns: interval,
        run: (call) =>
          eachRow(this.#vectors, call, 2, ([ends, starts], output, row) => {
            if (!this.#moment.read(ends!.data, row) || !this.#other.read(starts!.data, row))
              throw new Error('Cannot subtract infinite timestamps')
            this.#putSpan(output, row, this.#age(this.#moment, this.#other))
          }),
      },
    ])
    functions.scalar('time_bucket', [
      this.#bucket([interval, timestamptz]),
      this.#bucket([interval, timestamptz, interval]),
      this.#bucket([interval, timestamptz, timestamptz]),
      this.#bucket([interval, timestamptz, varchar]),
    ])
    for (const [name, isInclusive] of [
      ['range', false],
      ['generate_series', true],
    ] as const) {
      functions.scalar(name, [
        {
          parameters: [timestamptz, timestamptz, interval],
          returns: { kind: 'list', element: timestamptz },
          run: (call) =>
            eachRow(this.#vectors, call, 3, ([starts, ends, steps], _output, row) => {
              if (!this.#moment.read(starts!.data, row) || !this.#other.read(ends!.data, row))
                throw new Error('RANGE with infinite bounds is not supported')
              const values = this.#range(this.#moment.span(steps!.data, row), isInclusive)
              const start = this.#vectors.putList(call.output, row, values.length)
              const elements = this.#vectors.column(this.#vectors.elementsOf(call.output)).data
              values.forEach(({ sec, us }, index) => this.#moment.write(elements, start + index, sec, us))
            }),
        },
      ])
    }
  }

  #sum(time: 0 | 1, span: 0 | 1, sign: 1 | -1): ScalarOverload {
    return {
      parameters: time === 0 ? [timestamptz, interval] : [interval, timestamptz],
      returns: timestamptz,
      run: (call) =>
        eachRow(this.#vectors, call, 2, (columns, output, row) => {
          const { data } = columns[time]!
          if (!this.#moment.read(data, row))
            return this.#moment.writeInfinity(output, row, this.#moment.isNegative(data, row))
          const { sec, us } = addSpan(
            this.#session.zone,
            this.#moment,
            this.#moment.span(columns[span]!.data, row, sign),
          )
          this.#moment.write(output, row, sec, us)
        }),
    }
  }

  /** Days by the calendar and the rest by the clock. */
  #between(end: Moment, start: Moment): Span {
    if (start.sec > end.sec || (start.sec === end.sec && start.us > end.us)) {
      const { days, seconds, micros } = this.#between(start, end)
      return { months: 0, days: -days, seconds: -seconds, micros: -micros }
    }
    const whole = countBetween(this.#session.zone, 'day', start, end, 1)
    const micros = (end.sec - whole.reached) * 1_000_000 + end.us - start.us
    return { months: 0, days: whole.count, seconds: Math.trunc(micros / 1_000_000), micros: micros % 1_000_000 }
  }

  /** The difference of the two by their parts on the clock, each borrowed from the next. */
  #age(first: Moment, second: Moment): Span {
    const isNegative = first.sec < second.sec || (first.sec === second.sec && first.us < second.us)
    const [later, earlier] = isNegative ? [second, first] : [first, second]
    const partsOf = (moment: Moment): { days: number; micros: number } => {
      const { days, second: inDay } = wallAt(this.#session.zone, moment.sec)
      return { days, micros: inDay * 1_000_000 + moment.us }
    }
    const a = partsOf(later)
    const b = partsOf(earlier)
    const from = civilFromDays(a.days)
    const to = civilFromDays(b.days)
    let micros = a.micros - b.micros
    let days = from.day - to.day
    let months = (from.year - to.year) * 12 + from.month - to.month
    if (micros < 0) {
      micros += 86_400e6
      days--
    }
    // What a month that is borrowed has: that of the earlier of the two.
    while (days < 0) {
      days += daysInMonth(to.year, to.month)
      months--
    }
    const sign = isNegative ? -1 : 1
    const seconds = Math.trunc(micros / 1_000_000)
    return {
      months: sign * months || 0,
      days: sign * days || 0,
      seconds: sign * seconds || 0,
      micros: sign * (micros % 1_000_000) || 0,
    }
  }

  #bucket(parameters: readonly LogicalType[]): ScalarOverload {
    const third = parameters[2]?.kind
    return {
      parameters,
      returns: timestamptz,
      run: (call) =>
        eachRow(this.#vectors, call, parameters.length, ([widths, times, more], output, row) => {
          if (!this.#moment.read(times!.data, row))
            return this.#moment.writeInfinity(output, row, this.#moment.isNegative(times!.data, row))
          // Without a zone of their own, buckets are those of UTC.
          const zone = this.#session.zones.get(third === 'varchar' ? this.#vectors.text(more!, row) : 'UTC')
          const width = this.#moment.span(widths!.data, row)
          let moment: Moment = { sec: this.#moment.sec, us: this.#moment.us }
          const offset = third === 'interval' ? this.#moment.span(more!.data, row) : undefined
          if (offset !== undefined) moment = addSpan(zone, moment, this.#moment.span(more!.data, row, -1))
          let origin: Moment | undefined
          if (third === 'timestamptz') {
            if (!this.#other.read(more!.data, row)) return this.#vectors.putNull(call.output, row)
            origin = { sec: this.#other.sec, us: this.#other.us }
          }
          if (third === 'varchar') {
            const first = width.months === 0 ? mondayOrigin : monthOrigin
            origin = { sec: zone.instantOf(first.sec), us: 0 }
          }
          const start = bucketStart(zone, width, moment, origin)
          const { sec, us } = offset === undefined ? start : addSpan(zone, start, offset)
          this.#moment.write(output, row, sec, us)
        }),
    }
  }

  #range(step: Span, isInclusive: boolean): Moment[] {
    if (isNothing(step)) return []
    const { sec, us } = this.#moment
    const start = { sec, us }
    const end = { sec: this.#other.sec, us: this.#other.us }
    const values: Moment[] = []
    for (const each of instants(this.#session.zone, { start, end, step, isInclusive })) {
      if (values.length >= longestRange) throw new Error('Lists larger than 2^24 elements are not supported')
      values.push(each)
    }
    return values
  }

  #putSpan(output: Pointer, row: number, { months, days, seconds, micros }: Span): void {
    const { words, bytes } = this.#functions.duckdb.heap
    const word = (output >>> 2) + row * 4
    words[word] = months
    words[word + 1] = days
    new DataView(bytes.buffer).setBigInt64(output + row * 16 + 8, BigInt(seconds) * 1_000_000n + BigInt(micros), true)
  }
}

/** The start of the bucket of `width` that an instant lies in. */
function bucketStart(zone: SessionZone['zone'], width: Span, moment: Moment, given: Moment | undefined): Moment {
  const { months, days, seconds, micros } = width
  const kinds = [months, days, seconds || micros].filter((part) => part !== 0).length
  if (kinds > 1)
    throw new Error(
      months === 0 ? 'Day intervals cannot have time component' : 'Month intervals cannot have day or time component',
    )
  if (months < 0 || days < 0 || seconds < 0 || micros < 0 || kinds === 0)
    throw new Error('Period must be greater than 0')
  if (months > 0) {
    const first = truncate(zone, 'month', moment)
    const origin = truncate(zone, 'month', given ?? monthOrigin)
    const { count } = countBetween(zone, 'month', origin, first)
    return { sec: addMonths(zone, origin.sec, Math.floor(count / months) * months), us: origin.us }
  }
  const origin = given ?? mondayOrigin
  if (days > 0) {
    const { count } = countBetween(zone, 'day', origin, moment)
    const start = addDays(zone, origin.sec, Math.trunc(count / days) * days)
    const isAfter = start > moment.sec || (start === moment.sec && origin.us > moment.us)
    return { sec: isAfter ? addDays(zone, start, -days) : start, us: origin.us }
  }
  const size = BigInt(seconds) * 1_000_000n + BigInt(micros)
  const distance = BigInt(moment.sec - origin.sec) * 1_000_000n + BigInt(moment.us - origin.us)
  const rest = ((distance % size) + size) % size
  const total = BigInt(origin.sec) * 1_000_000n + BigInt(origin.us) + distance - rest
  const sec = total / 1_000_000n - (total % 1_000_000n < 0n ? 1n : 0n)
  return { sec: Number(sec), us: Number(total - sec * 1_000_000n) }
}
