import type * as FileSystem from 'node:fs'
import { builtin } from './builtin.ts'
import { pathOf } from './file.ts'

/**
 * Whether a program holds a POSIX lock for writing on a file, as DuckDB does while it has a database open. Only Linux tells; elsewhere, and where it
 * cannot be known, false. Linux takes some ten milliseconds to tell, in which this thread is free.
 */
export async function isLockedForWriting(reference: string): Promise<boolean> {
  const fs = builtin<typeof FileSystem>('node:fs')
  try {
    const path = reference.startsWith('file:') ? pathOf(reference) : reference
    const { dev, ino } = fs!.statSync(path, { bigint: true })
    // Linux, makedev(3): the numbers of a device are in two parts each.
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
    const device = [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':')
    const file = ` ${device}:${ino} `
    const locks = (await allLocks(fs!)).split('\n')
    return locks.some((lock) => lock.includes(file) && / WRITE /.test(lock) && !lock.includes('->'))
  } catch {
    return false
  }
}

/** What takes long is asked for at once: each further step would wait until this thread has nothing else to do. */
async function allLocks(fs: typeof FileSystem): Promise<string> {
  const file = fs.openSync('/proc/locks', 'r')
  try {
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(65_536)
    let text = ''
    for (let position = 0; ;) {
      const length = await new Promise<number>((resolve, reject) => {
        fs.read(file, buffer, 0, buffer.length, position, (error, count) => (error ? reject(error) : resolve(count)))
      })
      if (length === 0) return text
      position += length
      text += decoder.decode(buffer.subarray(0, length), { stream: true })
    }
  } finally {
    fs.closeSync(file)
  }
}
