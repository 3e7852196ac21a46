import type * as FileSystem from 'node:fs'
import type * as Os from 'node:os'
import { LakefrontError } from '../errors.ts'
import { builtin } from './builtin.ts'

export interface FileLockOptions {
  /** How long to wait for others. Default 30,000. */
  readonly waitMilliseconds?: number
  /** For how long a holder of whom nothing is known may keep it, as watched by who waits. Default 10,000. */
  readonly staleMilliseconds?: number
  readonly signal?: AbortSignal | undefined
}

/** Who holds a lock, as its file tells. */
interface Holder {
  readonly token: string
  readonly host: string
  readonly pid: number
  /** Tells a process from a later one of the same number, where the system says when it began. */
  readonly began: string
}

/**
 * Runs `work`, which must not wait for anything, while the file `lock` is ours; `label` is what it protects. Holders are expected to be done within
 * milliseconds. The lock of a process of this machine that has died is broken at once. One of this process (of a thread that was ended) or of another
 * machine is broken when it has not changed for `staleMilliseconds`; one of a living process of this machine never, since it may only
 * have been stopped for a while: that is `CONFLICT`.
 */
export async function withFileLock<T>(
  lock: string,
  label: string,
  work: () => T,
  { waitMilliseconds = 30_000, staleMilliseconds = 10_000, signal }: FileLockOptions = {},
): Promise<T> {
  const fs = builtin<typeof FileSystem>('node:fs')!
  const own = ownName()
  const began = performance.now()
  let seen: { readonly text: string; readonly since: number; times: number } | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (take(fs, lock, own)) break
    const text = textOf(fs, lock)
    const now = performance.now()
    if (text === undefined) continue
    if (seen?.text === text) seen.times++
    else seen = { text, since: now, times: 0 }
    const holder = holderOf(text)
    const isStill = now - seen.since >= staleMilliseconds && seen.times >= 10
    const state = stateOf(fs, holder, own)
    if (state === 'dead' || (state === 'unknown' && isStill)) {
      if (breakLock(fs, lock, text)) continue
    }
    if (now - began >= waitMilliseconds) {
      throw new LakefrontError(
        'CONFLICT',
        `"${label}" is locked by process ${holder?.pid ?? 'unknown'} of "${holder?.host ?? 'unknown'}" for more than ${waitMilliseconds / 1000} seconds. End that process and try again.`,
        { details: { source: label } },
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 20))
  }
  try {
    return work()
  } finally {
    if (textOf(fs, lock) === JSON.stringify(own)) fs.rmSync(lock, { force: true })
  }
}

/** Puts the lock's file there, with its text, in one step. */
function take(fs: typeof FileSystem, lock: string, own: Holder): boolean {
  const draft = `${lock}.${own.token}.tmp`
  fs.writeFileSync(draft, JSON.stringify(own))
  try {
    fs.linkSync(draft, lock)
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'EEXIST') return false
    // A file system without hard links. A reader may then see the file before its text, and takes it for a holder it does not know.
    try {
      fs.writeFileSync(lock, JSON.stringify(own), { flag: 'wx' })
      return true
    } catch (second) {
      if ((second as { code?: string }).code === 'EEXIST') return false
      throw second
    }
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

/** Removes a lock whose text is still `text`. Only one may do that at a time: another could remove the lock that follows. */
function breakLock(fs: typeof FileSystem, lock: string, text: string): boolean {
  const breaking = `${lock}.breaking`
  try {
    fs.writeFileSync(breaking, '', { flag: 'wx' })
  } catch {
    const age = Date.now() - (fs.statSync(breaking, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age > 10_000) fs.rmSync(breaking, { force: true })
    return false
  }
  try {
    if (textOf(fs, lock) === text) fs.rmSync(lock, { force: true })
    return true
  } finally {
    fs.rmSync(breaking, { force: true })
  }
}

function stateOf(fs: typeof FileSystem, holder: Holder | undefined, own: Holder): 'alive' | 'dead' | 'unknown' {
  if (holder === undefined || holder.host !== own.host || holder.pid === own.pid) {
    return holder?.pid === own.pid && holder.host === own.host && holder.began !== own.began ? 'dead' : 'unknown'
  }
  try {
    globalThis.process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return 'dead'
  }
  return holder.began === beganOf(fs, holder.pid) ? 'alive' : 'dead'
}

function ownName(): Holder {
  const { pid } = globalThis.process
  const host = builtin<typeof Os>('node:os')!.hostname()
  return { token: crypto.randomUUID(), host, pid, began: beganOf(builtin<typeof FileSystem>('node:fs')!, pid) }
}

/** When a process began, by Linux's own count; nothing elsewhere. */
function beganOf(fs: typeof FileSystem, pid: number): string {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The name in parentheses may hold anything; the time is the 20th field behind it.
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')
    return `${boot}-${fields[19]}`
  } catch {
    return ''
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

function textOf(fs: typeof FileSystem, path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}
