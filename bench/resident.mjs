import { readFile } from 'node:fs/promises'

const pageBytes = 4096

/** Bytes that processes have in memory together, as Linux counts them; those that have ended count as none. @param {readonly number[]} pids */
const residentBytes = async (pids) => {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '0 0')))
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[1]) * pageBytes, 0)
}

/**
 * Watches what processes hold, every ten milliseconds, while `work` runs.
 * @template T
 * @param {() => Promise<readonly number[]>} pids who they are; asked once before and once a second
 * @param {() => Promise<T>} work
 * @returns {Promise<{ value: T, idle: number, peak: number }>} bytes before, and the most there were
 */
export const watchResident = async (pids, work) => {
  let watched = await pids()
  const idle = await residentBytes(watched)
  let peak = idle
  const over = new AbortController()
  const watch = async () => {
    for (let times = 1; !over.signal.aborted; times++) {
      if (times % 100 === 0) watched = await pids()
      peak = Math.max(peak, await residentBytes(watched))
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const watching = watch()
  try {
    return { value: await work(), idle, peak }
  } finally {
    over.abort()
    await watching
  }
}
