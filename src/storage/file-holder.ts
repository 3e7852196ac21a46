import type * as FileSystem from 'node:fs'
import type * as Os from 'node:os'
import { builtin } from './builtin.ts'

/** Who a file of its own stands for. */
export interface Holder {
  readonly token: string
  readonly host: string
  readonly pid: number
  /** Tells a process from a later one of the same number, where the system says when it began. */
  readonly began: string
}

export function stateOf(fs: typeof FileSystem, holder: Holder | undefined, own: Holder): 'alive' | 'dead' | 'unknown' {
  if (holder === undefined || holder.host !== own.host || holder.pid === own.pid) {
    return holder?.pid === own.pid && holder.host === own.host && holder.began !== own.began ? 'dead' : 'unknown'
  }
  try {
    globalThis.process.kill(holder.pid, 0)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return 'dead'
  }
  return holder.began === beganOf(fs, holder.pid) ? 'alive' : 'dead'
}

export function ownHolder(): Holder {
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

export function holderOf(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

export function textOf(fs: typeof FileSystem, path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}
