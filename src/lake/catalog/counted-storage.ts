import type { Storage } from '../../storage/storage.ts'

/** The same storage, whose requests are counted: each verb as one. */
export function countedStorage(storage: Storage, count: () => void): Storage {
  const counted =
    <Given extends unknown[], Answer>(verb: (...given: Given) => Answer) =>
    (...given: Given): Answer => {
      count()
      return verb.apply(storage, given)
    }
  return {
    label: storage.label,
    abilities: storage.abilities,
    stat: counted(storage.stat),
    read: counted(storage.read),
    write: counted(storage.write),
    remove: counted(storage.remove),
    copy: counted(storage.copy),
    list: counted(storage.list),
    open: (key) => storage.open(key),
    ...(storage.inTurn && { inTurn: (key, work) => storage.inTurn!(key, work) }),
    close: () => storage.close(),
    [Symbol.asyncDispose]: () => storage.close(),
  }
}
