import { ServingError } from '../../../servable/serving-error.js';

/**
 * Imports a package that is only needed for some base paths.
 *
 * @param basePath - what it is needed for
 * @throws ServingError FAILED_PRECONDITION that says what to install
 */
export async function optionalPackage<T>(name: string, basePath: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = /^(ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND)$/.test(code ?? '') && message.includes(name);
    if (!isMissing) throw error;
    throw new ServingError(
      'FAILED_PRECONDITION',
      'PACKAGE_MISSING',
      `Base path ${basePath} needs a package that is not installed: npm install ${name}`,
      { cause: error },
    );
  }
}
