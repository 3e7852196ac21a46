/** For those who test against stores: the promises of storage as cases to run, and ways to open and probe stores. */
export { openPlace as openStorage } from './storage/open-place.ts'
export type { PlaceOptions as OpenStorageOptions } from './storage/open-place.ts'
export { probeConditions, safeStorage } from './storage/probe-conditions.ts'
export type { ConditionReport } from './storage/probe-conditions.ts'
export { storageCases } from './storage/storage-cases.ts'
export type { StorageCase, StoragePlace } from './storage/storage-cases.ts'
export type {
  ByteSource,
  ListEntry,
  ListOptions,
  ObjectStat,
  Storage,
  StorageAbilities,
  StorageReadOptions,
  StorageSpace,
  StoredBytes,
  WriteOptions,
  WrittenObject,
} from './storage/storage.ts'
