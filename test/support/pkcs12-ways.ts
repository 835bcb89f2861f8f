/** How programs lock PKCS#12 files, as arguments of `openssl pkcs12 -export`; and passwords that people and programs use. */

export const pkcs12Passwords = ['', 'atakatak', 'Größe éß €uro 日本', 'x'.repeat(64)] as const

export const pkcs12Ways: readonly (readonly [name: string, options: readonly string[]])[] = [
  ['AES-256 and SHA-256, as openssl 3 does it', []],
  ['AES-128 and SHA-512', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512']],
  ['AES-192 and SHA-384', ['-keypbe', 'AES-192-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha384']],
  ['PBES2 with 3DES and SHA-224', ['-keypbe', 'des-ede3-cbc', '-certpbe', 'des-ede3-cbc', '-macalg', 'sha224']],
  ['RC2-40, 3DES and SHA-1, as old tools do it', ['-legacy']],
  ['3DES and SHA-1', ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ['3DES with two keys', ['-keypbe', 'PBE-SHA1-2DES', '-certpbe', 'PBE-SHA1-2DES', '-macalg', 'sha1']],
  ['RC2-128', ['-legacy', '-keypbe', 'PBE-SHA1-RC2-128', '-certpbe', 'PBE-SHA1-RC2-128', '-macalg', 'sha1']],
  ['nothing encrypted, only a check value', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ['one iteration', ['-noiter', '-nomaciter']],
  ['many iterations', ['-iter', '300000']]
]
