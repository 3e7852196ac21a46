import type * as FileSystem from 'node:fs'
import { LakefrontError } from '../errors.ts'
import { builtin } from './builtin.ts'
import { holderOf, ownHolder, stateOf, textOf, type Holder } from './file-holder.ts'
import { pause } from './pause.ts'

export interface FileLockOptions {
  /** How long to wait for others. Default 30,000. */
  readonly waitMilliseconds?: number
  /** For how long a holder of whom nothing is known may keep it, as watched by who waits. Default 10,000. */
  readonly staleMilliseconds?: number
  readonly signal?: AbortSignal | undefined
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
  const own = ownHolder()
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
    await pause(2 + Math.random() * 20)
  }
  try {
    return work()
  } finally {
    try {
      release(fs, lock, own)
    } catch {
      release(fs, lock, own)
    }
  }
}

function release(fs: typeof FileSystem, lock: string, own: Holder): void {
  if (textOf(fs, lock) === JSON.stringify(own)) fs.rmSync(lock, { force: true })
}

/** Puts the lock's file there, with its text, in one step. */
function take(fs: typeof FileSystem, lock: string, own: Holder): boolean {
  const draft = `${lock}.${own.token}.tmp`
  try {
    fs.writeFileSync(draft, JSON.stringify(own))
    fs.linkSync(draft, lock)
    return true
  } catch (error) {
    // A server of files that was asked twice finds its own link.
    if (textOf(fs, lock) === JSON.stringify(own)) return true
    if (codeOf(error) === 'EEXIST') return false
    return makeWithoutLinks(fs, lock, own)
  } finally {
    remove(fs, draft)
  }
}

/** A reader may see the file before its text, and takes it for a holder it does not know. */
function makeWithoutLinks(fs: typeof FileSystem, lock: string, own: Holder): boolean {
  let file: number
  try {
    file = fs.openSync(lock, 'wx')
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    fs.writeSync(file, JSON.stringify(own))
    return true
  } catch (error) {
    remove(fs, lock)
    throw error
  } finally {
    fs.closeSync(file)
  }
}

/** What cannot be removed is swept later. */
function remove(fs: typeof FileSystem, path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {}
}

/** Removes a lock whose text is still `text`. Only one may do that at a time: another could remove the lock that follows. */
function breakLock(fs: typeof FileSystem, lock: string, text: string): boolean {
  const breaking = `${lock}.breaking`
  try {
    fs.writeFileSync(breaking, '', { flag: 'wx' })
  } catch {
    const age = Date.now() - (fs.statSync(breaking, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    // One from the future is of before the clock went back.
    if (Math.abs(age) > 10_000) fs.rmSync(breaking, { force: true })
    return false
  }
  try {
    if (textOf(fs, lock) === text) fs.rmSync(lock, { force: true })
    return true
  } finally {
    fs.rmSync(breaking, { force: true })
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}
