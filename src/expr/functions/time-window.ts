import { LakefrontError } from '../../errors.ts'
import { Column } from '../column.ts'
import type { Argument, ArgumentNeeds, Wants } from '../column-types.ts'
import { lit } from '../lit.ts'
import { argumentNode } from '../operand.ts'
import { timestampMicros, unixMicros } from './epoch.ts'
import { pmod } from './numeric.ts'
import { namedStruct } from './struct.ts'

const microsecondsOf: Readonly<Record<string, bigint>> = {
  microsecond: 1n,
  millisecond: 1000n,
  second: 1_000_000n,
  minute: 60_000_000n,
  hour: 3_600_000_000n,
  day: 86_400_000_000n,
  week: 604_800_000_000n,
}

/**
 * `{'start': make_timestamp(…), 'end': make_timestamp(…)}`: the span of time, as long as `duration` says, that a time is in: `groupBy(window('at', '10 minutes'))`.
 * Spans follow each other from 1970 on, or from `startTime` after it: `window('at', '1 hour', '1 hour', '15 minutes')` are those from
 * a quarter past. Their start is in them, their end is not; no time is in a span of nulls. Spans that overlap (a `slideDuration` that
 * is not `duration`) are `UNSUPPORTED`.
 */
export function window<A extends Argument>(
  time: A,
  duration: string,
  slideDuration: string = duration,
  startTime: string = '0 seconds',
): Column<{ start: string; end: string }, Wants<'temporal', A>, 'window'> {
  const width = microsecondsIn('duration', duration)
  if (width <= 0n) throw noSpan('duration', duration)
  if (microsecondsIn('slideDuration', slideDuration) !== width) {
    throw new LakefrontError(
      'UNSUPPORTED',
      `window(): spans of "${duration}" each "${slideDuration}" overlap, which is not supported: leave the slideDuration out.`,
    )
  }
  const micros = unixMicros(time)
  const start = micros.sub(pmod(micros.sub(lit(microsecondsIn('startTime', startTime))), lit(width)))
  const span = { start: timestampMicros(start), end: timestampMicros(start.add(lit(width))) }
  return namedStruct(span).as('window') as never
}

/** `make_timestamp(epoch_us(span.end) - 1)`: the last microsecond of a {@link window}, which is in it. */
export function windowTime<A extends Argument>(span: A): Column<string, ArgumentNeeds<A>, string> {
  return timestampMicros(unixMicros(new Column(argumentNode(span)).getField('end')).sub(1n)) as never
}

function microsecondsIn(option: string, text: string): bigint {
  let sum = 0n
  const rest = text.replaceAll(/(-?\d+)\s+([a-z]+?)s?(?:\s+|$)/gi, (part, count: string, unit: string) => {
    const size = microsecondsOf[unit.toLowerCase()]
    if (size === undefined) return part
    sum += BigInt(count) * size
    return ''
  })
  if (text === '' || rest !== '') throw noSpan(option, text)
  return sum
}

function noSpan(option: string, text: string): LakefrontError {
  const units = Object.keys(microsecondsOf).join(', ')
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `window(): ${option} "${text}" is no span of time such as "10 minutes" or "1 day 12 hours". Units are ${units}; for months and years see dateTrunc().`,
  )
}
