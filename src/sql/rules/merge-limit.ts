import type { Select } from '../select.ts'

/** Of two limits, the rows that both let through: LIMIT and OFFSET of one SELECT. */
export function mergeLimit(select: Select, count: number | undefined, offset: number): Select {
  const left = select.limit === undefined ? undefined : Math.max(0, select.limit - offset)
  const limit = left === undefined ? count : Math.min(left, count ?? left)
  const { limit: _, ...rest } = select
  return { ...rest, offset: select.offset + offset, ...(limit === undefined ? {} : { limit }) }
}
