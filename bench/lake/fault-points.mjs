/**
 * @typedef {{ at: number, step: string, when: 'before' | 'middle' | 'after' }} FaultPoint
 * @typedef {object} CrashReport
 * @property {number} kills
 * @property {number} landed kills whose commit was there afterwards: they came behind the switch
 * @property {Record<string, number>} points how often at which step
 * @property {string[]} wrong what was found that must not be
 */

/** Before and after each step, and in the middle of those that write bytes. @param {readonly string[]} steps @param {string} writing @returns {FaultPoint[]} */
export const pointsOf = (steps, writing) =>
  steps.flatMap((step, at) => {
    /** @type {FaultPoint['when'][]} */
    const moments = step.startsWith(writing) ? ['before', 'middle', 'after'] : ['before', 'after']
    return moments.map((when) => ({ at, step, when }))
  })

/**
 * Each moment of each step once, backwards from one that `kind` counts, so that the first kills of all kinds are at other steps; then those moments
 * that came a second time, and so on.
 * @param {readonly FaultPoint[]} points @param {number} kind @returns {FaultPoint[]}
 */
export const spread = (points, kind) => {
  /** @type {Map<string, number>} */
  const seen = new Map()
  /** @type {FaultPoint[][]} */
  const turns = []
  for (const point of points.toReversed()) {
    const label = `${point.when} ${point.step}`
    const turn = seen.get(label) ?? 0
    seen.set(label, turn + 1)
    ;(turns[turn] ??= []).push(point)
  }
  const [first = [], ...others] = turns
  const start = (kind * killsInTurn) % first.length
  return [...first.slice(start), ...first.slice(0, start), ...others.flat()]
}

/** How often a commit is killed before it is let through, so that all kinds have their turn. */
export const killsInTurn = 4
