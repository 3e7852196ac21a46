/**
 * Runs two ways by turns. Processor time is that of the whole process, its threads and all: other programs do not count to it, and make it
 * longer far less than they do the clock's.
 * @param {(() => Promise<unknown>)[]} ways @param {number} pairs @param {() => number} [messages] how many were sent so far
 */
export async function inTurns(ways, pairs, messages = () => 0) {
  const lists = () => /** @type {[number[], number[]]} */ ([[], []])
  const [times, clock, sent] = [lists(), lists(), lists()]
  for (let round = 0; round < pairs; round++) {
    for (const way of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const before = process.cpuUsage()
      const start = performance.now()
      const already = messages()
      await ways[way]?.()
      const { user, system } = process.cpuUsage(before)
      times[way]?.push((user + system) / 1000)
      clock[way]?.push(performance.now() - start)
      sent[way]?.push(messages() - already)
    }
  }
  const ratios = times[0].map((time, at) => time / /** @type {number} */ (times[1][at]))
  return { times, clock, sent, ratios }
}

/** Between which values the median of all there could be lies, 19 times of 20. @param {readonly number[]} values */
export function around(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const half = 0.98 * Math.sqrt(sorted.length)
  const at = (/** @type {number} */ rank) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] ?? NaN
  return /** @type {const} */ ([at(sorted.length / 2 - half - 1), at(sorted.length / 2 + half)])
}
