import type { ListedObject, ListEntry, ListOptions } from './storage.ts'
import { compareKeys } from './storage-key.ts'

/** The entries of a list, from all objects of a store that has no order of its own. */
export function listed(
  objects: readonly Omit<ListedObject, 'kind'>[],
  { prefix = '', delimiter, startAfter }: { [Name in keyof ListOptions]: ListOptions[Name] | undefined },
): ListEntry[] {
  const entries = new Map<string, ListEntry>()
  for (const object of objects) {
    const { key } = object
    if (!key.startsWith(prefix)) continue
    if (startAfter !== undefined && compareKeys(key, startAfter) <= 0) continue
    const slash = delimiter === undefined ? -1 : key.indexOf('/', prefix.length)
    const name = slash < 0 ? key : key.slice(0, slash + 1)
    entries.set(name, slash < 0 ? { kind: 'object', ...object } : { kind: 'folder', key: name })
  }
  return [...entries.values()].sort((a, b) => compareKeys(a.key, b.key))
}
