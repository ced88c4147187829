/** Where one version lies: the absolute path of its directory. */
export type StoragePath = string;
