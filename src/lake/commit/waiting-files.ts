import { isLakefrontError, LakefrontError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'

/** Files that wait for less cannot be old for anybody's vacuum, in milliseconds. */
const safeWait = 3_600_000

/** By so much the clocks of a machine drift apart in that time, at most. */
const safeDrift = 60_000

/** Requests at once. */
const parallel = 16

/**
 * Begins to watch files that are stored and wait for their commit. What it gives makes sure that they are there still, when they waited so long, or a clock
 * was set meanwhile, or the machine slept, that a vacuum may have taken them for what a failed write left. Without such a reason it asks nothing.
 *
 * @throws LakefrontError `COMMIT_CONFLICT` when one is gone.
 */
export function waitingFiles(storage: Storage): (keys: Iterable<string>) => Promise<void> {
  const [ticks, clock] = [performance.now(), Date.now()]
  return async (keys) => {
    const [waited, told] = [performance.now() - ticks, Date.now() - clock]
    if (waited < safeWait && Math.abs(told - waited) < safeDrift) return
    const left = [...keys]
    const look = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) await assertThere(storage, key)
    }
    await Promise.all(Array.from({ length: parallel }, look))
  }
}

async function assertThere(storage: Storage, key: string): Promise<void> {
  try {
    await storage.stat(key)
  } catch (error) {
    if (!isLakefrontError(error, 'NOT_FOUND')) throw error
    throw new LakefrontError(
      'COMMIT_CONFLICT',
      `The file "${key}" waited for its commit so long that a vacuum removed it. Nothing was changed. Write it again, and let vacuums leave what is younger than the longest write.`,
      { details: { file: key }, cause: error },
    )
  }
}
