//! The two encodings of an ECDSA signature: `r ‖ s` as JOSE has it (RFC 7518 §3.4), and ASN.1 as
//! key services and most libraries answer it (RFC 3279 §2.2.3).

use alloc::vec::Vec;

use der::asn1::UintRef;
use der::{Decode, Encode, Reader, SliceReader};

use crate::error::Refused;

/// The most octets of the ASN.1 form of two numbers of 66 octets, the longest of any curve here.
pub const MAX_DER_LEN: usize = 141;

/// Appends `r ‖ s`, each `coordinate_len` octets long, for a signature in DER.
///
/// # Errors
///
/// [`Refused::Invalid`] for anything but the one DER encoding of two positive integers that fit.
pub fn der_to_fixed(der: &[u8], coordinate_len: usize, fixed: &mut Vec<u8>) -> Result<(), Refused> {
    let (r, s) = read(der).map_err(|_| Refused::Invalid)?;
    for number in [r.as_bytes(), s.as_bytes()] {
        let zeros = coordinate_len.checked_sub(number.len()).ok_or(Refused::Invalid)?;
        if number.iter().all(|octet| *octet == 0) {
            return Err(Refused::Invalid);
        }
        fixed.resize(fixed.len() + zeros, 0);
        fixed.extend_from_slice(number);
    }
    Ok(())
}

fn read(der: &[u8]) -> Result<(UintRef<'_>, UintRef<'_>), der::Error> {
    let mut reader = SliceReader::new(der)?;
    let pair = reader.sequence(|sequence| {
        Ok::<_, der::Error>((UintRef::decode(sequence)?, UintRef::decode(sequence)?))
    })?;
    reader.finish()?;
    Ok(pair)
}

/// Writes the signature `r ‖ s` in DER to `buffer` and returns the octets written.
///
/// # Errors
///
/// [`Refused::Invalid`] for a signature of odd length, of more than 132 octets, or with r or s
/// zero.
pub fn fixed_to_der<'b>(
    fixed: &[u8],
    buffer: &'b mut [u8; MAX_DER_LEN],
) -> Result<&'b [u8], Refused> {
    let (r, s) = fixed.split_at_checked(fixed.len() / 2).ok_or(Refused::Invalid)?;
    let zero = |number: &[u8]| number.iter().all(|octet| *octet == 0);
    if r.len() != s.len() || r.len() > 66 || zero(r) || zero(s) {
        return Err(Refused::Invalid);
    }
    write(r, s, buffer).map_err(|_| Refused::Invalid)
}

fn write<'b>(r: &[u8], s: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], der::Error> {
    let (r, s) = (UintRef::new(r)?, UintRef::new(s)?);
    let mut writer = der::SliceWriter::new(buffer);
    writer.sequence((r.encoded_len()? + s.encoded_len()?)?, |sequence| {
        r.encode(sequence)?;
        s.encode(sequence)
    })?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn to_fixed(der: &[u8], len: usize) -> Option<Vec<u8>> {
        let mut fixed = Vec::new();
        der_to_fixed(der, len, &mut fixed).ok().map(|()| fixed)
    }

    #[test]
    fn short_numbers_are_padded_to_the_curve() {
        assert_eq!(to_fixed(&[0x30, 6, 2, 1, 1, 2, 1, 2], 3), Some([0, 0, 1, 0, 0, 2].into()));
        assert_eq!(to_fixed(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 2], 1), Some([0x80, 2].into()));
    }

    #[test]
    fn what_is_not_the_one_encoding_is_refused() {
        for der in [
            &[][..],
            &[0x30, 6, 2, 1, 1, 2, 1, 2, 0],       // trailing octet
            &[0x30, 6, 2, 1, 1, 2, 1],             // truncated
            &[0x30, 7, 2, 1, 1, 2, 1, 2, 0],       // a third element
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2],    // a long length that could be short
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 2],       // a leading zero
            &[0x30, 6, 2, 1, 0x81, 2, 1, 2],       // a negative number
            &[0x30, 6, 2, 1, 0, 2, 1, 2],          // r = 0
            &[0x30, 6, 2, 1, 1, 2, 1, 0],          // s = 0
            &[0x31, 6, 2, 1, 1, 2, 1, 2],          // not a sequence
            &[0x30, 8, 2, 2, 1, 0, 2, 2, 1, 0, 0], // too long for the curve
        ] {
            assert_eq!(to_fixed(der, 1), None, "{der:?}");
        }
    }

    #[test]
    fn zero_and_odd_lengths_have_no_der() {
        for fixed in [&[][..], &[1], &[0, 1], &[1, 0], &[1, 2, 3], &[1; 134]] {
            assert!(fixed_to_der(fixed, &mut [0; MAX_DER_LEN]).is_err(), "{fixed:?}");
        }
    }

    #[test]
    fn the_longest_signature_fits_the_buffer() {
        assert_eq!(fixed_to_der(&[0xFF; 132], &mut [0; MAX_DER_LEN]).unwrap().len(), MAX_DER_LEN);
    }

    proptest! {
        #[test]
        fn signatures_survive_the_way_there_and_back(
            fixed in prop::sample::select(&[32_usize, 48, 66]).prop_flat_map(|len| {
                prop::collection::vec(any::<u8>(), len * 2)
            })
        ) {
            let mut buffer = [0; MAX_DER_LEN];
            if let Ok(der) = fixed_to_der(&fixed, &mut buffer) {
                prop_assert_eq!(to_fixed(der, fixed.len() / 2), Some(fixed));
            }
        }

        #[test]
        fn no_octets_make_the_reader_panic(der: Vec<u8>) {
            let _any = to_fixed(&der, 32);
        }
    }
}
