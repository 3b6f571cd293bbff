//! Decrypts a private key that a password protects: PKCS #8 with PBES2 (RFC 8018), as OpenSSL writes it: the key from the
//! password by PBKDF2, the encryption AES in CBC mode.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use secrecy::zeroize::Zeroizing;

use super::der::{Der, OBJECT_IDENTIFIER, OCTET_STRING};

/// The most iterations that are computed: some seconds of work. OpenSSL uses 2,048 unless told otherwise.
const MOST_ITERATIONS: u64 = 10_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// The prefix of the functions that PBKDF2 works with; the last byte tells which.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// The prefix of AES; the last byte tells the length of the key and the mode.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];

/// Why a key cannot be decrypted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Locked {
    /// It is encrypted in a way that this reader does not have.
    OtherEncryption,
    /// The password is not the right one.
    WrongPassword,
}

/// What is needed to decrypt a key, beside the password.
struct Encrypted<'d> {
    prf: pbkdf2::Algorithm,
    salt: &'d [u8],
    iterations: NonZeroU32,
    cipher: &'static aws_lc_rs::cipher::Algorithm,
    key_length: usize,
    iv: [u8; 16],
    data: &'d [u8],
}

/// The private key (PKCS #8) in an encrypted one.
pub(super) fn decrypt(encrypted: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, Locked> {
    let parts = parse(encrypted).ok_or(Locked::OtherEncryption)?;
    let mut key = Zeroizing::new(vec![0; parts.key_length]);
    let password = password.as_bytes();
    pbkdf2::derive(parts.prf, parts.iterations, parts.salt, password, &mut key);
    let wrong = |_| Locked::WrongPassword;
    let key = UnboundCipherKey::new(parts.cipher, &key).map_err(|_| Locked::OtherEncryption)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| Locked::OtherEncryption)?;
    let mut data = Zeroizing::new(parts.data.to_vec());
    let iv = DecryptionContext::Iv128(FixedLength::from(parts.iv));
    let decrypted = key.decrypt(&mut data, iv).map_err(wrong)?;
    // A wrong password can end in padding that looks right.
    match Der::new(decrypted).sequence() {
        Some(_) => Ok(Zeroizing::new(decrypted.to_vec())),
        None => Err(Locked::WrongPassword),
    }
}

/// `None` for what is not PBES2 with PBKDF2 and AES.
fn parse(encrypted: &[u8]) -> Option<Encrypted<'_>> {
    let mut info = Der::new(encrypted).sequence()?;
    let mut algorithm = info.sequence()?;
    let data = info.take(OCTET_STRING)?;
    is(PBES2, algorithm.take(OBJECT_IDENTIFIER)?)?;
    let mut parameters = algorithm.sequence()?;

    let mut derivation = parameters.sequence()?;
    is(PBKDF2, derivation.take(OBJECT_IDENTIFIER)?)?;
    let mut derivation = derivation.sequence()?;
    let salt = derivation.take(OCTET_STRING)?;
    let iterations = derivation.number()?;
    let iterations = u32::try_from(iterations).ok().and_then(NonZeroU32::new)?;
    let _key_length = derivation.number();
    let prf = match derivation.sequence() {
        None => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(mut prf) => match prf.take(OBJECT_IDENTIFIER)?.strip_prefix(HMAC)? {
            [0x07] => pbkdf2::PBKDF2_HMAC_SHA1,
            [0x09] => pbkdf2::PBKDF2_HMAC_SHA256,
            [0x0a] => pbkdf2::PBKDF2_HMAC_SHA384,
            [0x0b] => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return None,
        },
    };

    let mut encryption = parameters.sequence()?;
    let (cipher, key_length) = match encryption.take(OBJECT_IDENTIFIER)?.strip_prefix(AES)? {
        [0x02] => (&AES_128, 16),
        [0x16] => (&AES_192, 24),
        [0x2a] => (&AES_256, 32),
        _ => return None,
    };
    let iv = encryption.take(OCTET_STRING)?.try_into().ok()?;
    (u64::from(iterations.get()) <= MOST_ITERATIONS).then_some(Encrypted {
        prf,
        salt,
        iterations,
        cipher,
        key_length,
        iv,
        data,
    })
}

fn is(wanted: &[u8], found: &[u8]) -> Option<()> {
    (wanted == found).then_some(())
}
