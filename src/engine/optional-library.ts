import { LakefrontError } from '../errors.ts'

/**
 * What to do when the import of an optional package fails: throws `MISSING_LIBRARY` with the command that installs it. Written
 * directly behind the import, which bundlers then take for one that may fail.
 */
export function missingLibrary(name: string, what: string): (cause: unknown) => never {
  return (cause) => {
    throw new LakefrontError(
      'MISSING_LIBRARY',
      `${what} needs the package ${name}, which could not be loaded. Install it: npm install ${name}`,
      { details: { library: name }, cause },
    )
  }
}

/** An optional package for servers only. Bundlers of pages do not see the name: they could not take in what it needs of Node. */
export async function serverLibrary<T>(name: string, what: string): Promise<T> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name).catch(missingLibrary(name, what)) as Promise<T>
}
