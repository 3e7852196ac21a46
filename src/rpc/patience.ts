/** How often a worker is asked for a sign of life before its patience is over. */
const asks = 4

/** How many times longer than a silent worker one that answers may take. */
const answeringFactor = 10

/**
 * Calls `onOver` once a worker said nothing for `within` milliseconds, or answered for ten times as long without getting done. Time is
 * counted in turns of this thread's own timer, so that a machine that slept, or gave this thread nothing to run on, has lost none of
 * it. Returns what ends the watch.
 */
export function losePatience(
  hello: () => Promise<unknown>,
  within: number,
  onOver: (milliseconds: number) => void,
): () => void {
  let turns = 0
  let silentTurns = 0
  let isAsking = false
  const timer = setInterval(() => {
    turns += 1
    silentTurns += 1
    if (silentTurns >= asks || turns >= asks * answeringFactor) {
      clearInterval(timer)
      return onOver((within * turns) / asks)
    }
    if (isAsking) return
    isAsking = true
    hello().then(
      () => {
        silentTurns = 0
        isAsking = false
      },
      () => clearInterval(timer),
    )
  }, within / asks)
  return () => clearInterval(timer)
}
