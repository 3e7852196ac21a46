import { LakefrontError } from '../../errors.ts'

/** An instant as text or Date, or how long ago: `'7 days'`, `'12 hours'`. */
export type Age = string | Date

const units: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 }

/** An age as an instant in text. @throws LakefrontError `INVALID_ARGUMENT` */
export function instantOf(age: Age | undefined): { readonly olderThan?: string } {
  if (age === undefined) return {}
  const ago = typeof age === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?\s*$/i.exec(age) : null
  const time =
    ago === null ? new Date(age).getTime() : Date.now() - Number(ago[1]) * units[ago[2]!.toLowerCase()]! * 1000
  if (!Number.isNaN(time)) return { olderThan: new Date(time).toISOString() }
  throw new LakefrontError(
    'INVALID_ARGUMENT',
    `olderThan: ${JSON.stringify(age)} is neither an instant nor an age. Give a Date, '2026-11-01T00:00:00Z', or '7 days'.`,
  )
}
