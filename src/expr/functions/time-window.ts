import { LakefrontError } from '../../errors.ts'
import { Column } from '../column.ts'
import type { AnyColumn, Argument, ArgumentNeeds, Wants } from '../column-types.ts'
import { lit } from '../lit.ts'
import { argumentNode } from '../operand.ts'
import { callOf } from './call.ts'
import { sequence } from './collection.ts'
import { timestampMicros, unixMicros } from './epoch.ts'
import { explode } from './generator.ts'
import { transform } from './higher-order.ts'
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
 * a quarter past. Their start is in them, their end is not; no time is in a span of nulls.
 *
 * With a shorter `slideDuration` a span begins each time it is over, and a time is in several: there is a row for each, none where
 * there is no time. It stands alone in groupBy(), select() or withColumn() then, as {@link explode} does.
 */
export function window<A extends Argument>(
  time: A,
  duration: string,
  slideDuration: string = duration,
  startTime: string = '0 seconds',
): Column<{ start: string; end: string }, Wants<'temporal', A>, 'window'> {
  const width = lengthOf('window', 'duration', duration)
  const slide = lengthOf('window', 'slideDuration', slideDuration)
  if (slide > width)
    throw new LakefrontError(
      'INVALID_ARGUMENT',
      `window(): the slideDuration "${slideDuration}" is longer than the duration "${duration}", and times between the spans would be in none. Give one that is as long or shorter.`,
    )
  const micros = unixMicros(time)
  const last = micros.sub(pmod(micros.sub(lit(microsecondsIn('window', 'startTime', startTime))), lit(slide)))
  if (slide === width) return spanOf(last, width).as('window') as never
  const starts = sequence(last, micros.sub(lit(width - 1n)), lit(-slide))
  return explode(transform(starts, (start) => spanOf(start, width))).as('window') as never
}

/**
 * `{'start': …, 'end': …}`: the session that a time is in, as a key: `groupBy('user', sessionWindow('at', '30 minutes'))`. Times of
 * the same other keys are of one session as long as the next comes within `gap` of the one before, just then included; it ends
 * `gap` after its last. Rows without a time are left out. Not with rollup(), cube() and groupingSets(). As a column it is the span
 * from the time on that keeps a session open.
 */
export function sessionWindow<A extends Argument>(
  time: A,
  gap: string,
): Column<{ start: string; end: string }, Wants<'temporal', A>, 'session_window'> {
  const span = spanOf(unixMicros(time), lengthOf('sessionWindow', 'gap', gap))
  return callOf('sessionWindow(T) T', 'scalar', [span.node]).as('session_window') as never
}

function spanOf(start: AnyColumn, width: bigint): AnyColumn {
  return namedStruct({ start: timestampMicros(start), end: timestampMicros(start.add(lit(width))) })
}

/** `make_timestamp(epoch_us(span.end) - 1)`: the last microsecond of a {@link window}, which is in it. */
export function windowTime<A extends Argument>(span: A): Column<string, ArgumentNeeds<A>, string> {
  return timestampMicros(unixMicros(new Column(argumentNode(span)).getField('end')).sub(1n)) as never
}

function lengthOf(where: string, option: string, text: string): bigint {
  const length = microsecondsIn(where, option, text)
  if (length <= 0n) throw noSpan(where, option, text)
  return length
}

function microsecondsIn(where: string, option: string, text: string): bigint {
  let sum = 0n
  const rest = text.replaceAll(/(-?\d+)\s+([a-z]+?)s?(?:\s+|$)/gi, (part, count: string, unit: string) => {
    const size = microsecondsOf[unit.toLowerCase()]
    if (size === undefined) return part
    sum += BigInt(count) * size
    return ''
  })
  if (text === '' || rest !== '') throw noSpan(where, option, text)
  return sum
}

function noSpan(where: string, option: string, text: string): LakefrontError {
  const units = Object.keys(microsecondsOf).join(', ')
  return new LakefrontError(
    'INVALID_ARGUMENT',
    `${where}(): ${option} "${text}" is no span of time such as "10 minutes" or "1 day 12 hours". Units are ${units}; for months and years see dateTrunc().`,
  )
}
