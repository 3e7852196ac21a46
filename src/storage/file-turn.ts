import type * as FileSystem from 'node:fs'
import type * as Path from 'node:path'
import { builtin } from './builtin.ts'
import { holderOf, type Holder, ownHolder, stateOf, textOf } from './file-holder.ts'
import { pause } from './pause.ts'

/** For how long somebody may stand first, in milliseconds, before others pass. */
interface Patience {
  /** A process of this machine that lives: on a busy one a turn may take long. */
  readonly alive: number
  /** A thread of this process, or a process of another machine: whether it lives is not known. */
  readonly unknown: number
}

/**
 * Runs `work` after those of the machine that stand in the same `line` already: each has a numbered file beside it. `waited` tells whether there were any.
 *
 * This is an order and no lock. Who has died is passed at once, who stands first for too long is passed then, and where no file can be made nobody
 * waits: `work` has to be right without it, too.
 */
export async function inFileTurn<T>(
  line: string,
  work: (waited: boolean) => Promise<T>,
  patience: Patience = { alive: 30_000, unknown: 5000 },
): Promise<T> {
  const fs = builtin<typeof FileSystem>('node:fs')!
  const own = ownHolder()
  const { ticket, before } = stand(fs, line, own)
  try {
    for (const [passed, other] of before.entries())
      await passing(fs, other, { own, patience, others: before.length - passed })
    return await work(before.length > 0)
  } finally {
    if (ticket !== undefined && !left(fs, ticket)) left(fs, ticket)
  }
}

/** Makes a ticket with the next number. Two that do so at once may get the same one; then their names tell who is first. */
function stand(
  fs: typeof FileSystem,
  line: string,
  own: Holder,
): { readonly ticket?: string; readonly before: readonly string[] } {
  const { basename, dirname, join } = builtin<typeof Path>('node:path')!
  const folder = dirname(line)
  const start = `${basename(line)}.`
  const tickets = (): readonly string[] =>
    fs
      .readdirSync(folder)
      .filter((name) => name.startsWith(start))
      .sort()
  let ticket: string | undefined
  try {
    const last = Number(tickets().at(-1)?.slice(start.length).split('.')[0] ?? 0)
    const name = `${start}${String(last + 1).padStart(12, '0')}.${own.token}.tmp`
    ticket = join(folder, name)
    fs.writeFileSync(ticket, JSON.stringify(own), { flag: 'wx' })
    const before = tickets().filter((other) => other < name)
    return { ticket, before: before.map((other) => join(folder, other)) }
  } catch {
    return { before: [], ...(ticket !== undefined && { ticket }) }
  }
}

/** Waits until a ticket is gone that so many `others` are before us with. */
async function passing(
  fs: typeof FileSystem,
  ticket: string,
  { own, patience, others }: { readonly own: Holder; readonly patience: Patience; readonly others: number },
): Promise<void> {
  const began = performance.now()
  for (;;) {
    const text = readable(fs, ticket)
    if (text === undefined) return
    const state = stateOf(fs, holderOf(text), own)
    if (state === 'dead' || performance.now() - began >= patience[state]) {
      left(fs, ticket)
      return
    }
    // Who comes next looks most often.
    await pause(Math.min(2 * others, 30))
  }
}

function readable(fs: typeof FileSystem, ticket: string): string | undefined {
  try {
    return textOf(fs, ticket)
  } catch {
    return undefined
  }
}

/** Takes a ticket away; whether that was possible. */
function left(fs: typeof FileSystem, ticket: string): boolean {
  try {
    fs.rmSync(ticket, { force: true })
    return true
  } catch {
    return false
  }
}
