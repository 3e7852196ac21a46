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

/** The last first, behind the switch, and then in an order where the first few are from all over. @template T @param {readonly T[]} points @returns {T[]} */
export const spread = (points) => {
  const stride = Math.max(1, Math.floor(points.length / 7))
  const backwards = points.toReversed()
  return Array.from({ length: stride }, (_, offset) => backwards.filter((_, index) => index % stride === offset)).flat()
}
