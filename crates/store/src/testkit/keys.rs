//! Laws of keys and values: any bytes, of any length up to the limit.

use super::law::{Entry, Failure, Outcome, Place, commit, ensure, step};
use crate::Store;
use crate::long_key::{LIMIT, MAX_KEY, PHYSICAL, shown};

pub(super) const LAWS: &[Entry] = &[
    ("keys are any bytes of any length up to the limit", any_bytes),
    ("no key reaches another one's value", apart),
    ("values are any bytes, from none to millions", values),
    ("several keys are read in their order", many),
];

/// Returns keys that tell a wrong store from a right one: byte order, prefixes of one another, the limits, equal
/// prefixes.
pub fn telling_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for byte in [0x00, 0x01, 0x41, 0x7f, 0x80, 0xff] {
        let lengths = [1, 2, 3, 8, 255, 256, LIMIT - 1, LIMIT, LIMIT + 1, PHYSICAL, 511, 512, 4096];
        keys.extend(lengths.map(|length| vec![byte; length]));
    }
    keys.extend([vec![0x7f; 65536], vec![0x7f; MAX_KEY], vec![0xff; MAX_KEY]]);
    for last in [&[0x00][..], &[0xff], b"a", b"ab", b"b", &[0x00, 0x00], &[0xff, 0xff, 0xff]] {
        let mut key = vec![0x61; LIMIT];
        key.extend_from_slice(last);
        keys.push(key.clone());
        key.splice(..1, [0x62]);
        keys.push(key);
    }
    keys.extend([b"a".to_vec(), b"a\0".to_vec(), b"a\0\0".to_vec(), b"ab".to_vec(), vec![0x61; LIMIT]]);
    keys
}

fn expect(store: &dyn Store, key: &[u8], expected: Option<&[u8]>) -> Outcome {
    let snapshot = store.snapshot()?;
    let found = snapshot.get(key)?;
    let length = |value: Option<&[u8]>| value.map(<[u8]>::len);
    ensure(found.as_deref() == expected, || {
        let (found, expected) = (length(found.as_deref()), length(expected));
        format!("{} holds a value of {found:?} bytes, not the one of {expected:?} written", shown(key))
    })
}

fn any_bytes(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    for (number, key) in telling_keys().into_iter().enumerate() {
        expect(&*store, &key, None)?;
        let mut set = step(9, number as u64);
        set.put(key.clone(), number.to_be_bytes().to_vec());
        commit(&*store, &set)?;
    }
    for (number, key) in telling_keys().iter().enumerate() {
        expect(&*store, key, Some(&number.to_be_bytes()))?;
    }
    Ok(())
}

fn apart(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let mut all = step(9, 0);
    for key in telling_keys() {
        all.put(key.clone(), key);
    }
    commit(&*store, &all)?;
    let keys = telling_keys();
    for (number, gone) in keys.iter().enumerate().step_by(9) {
        let mut set = step(9, 1 + number as u64 / 9);
        set.delete(gone.clone());
        commit(&*store, &set)?;
    }
    for (number, key) in keys.iter().enumerate() {
        expect(&*store, key, (number % 9 != 0).then_some(key.as_slice()))?;
    }
    Ok(())
}

fn values(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let mut number = 0;
    for key in [b"short".to_vec(), vec![7; LIMIT + 60], vec![7; MAX_KEY]] {
        for length in [0, 1, 7, 8, 9, 1000, 4096, 70_000, 1 << 20, 3_000_001, 10, 0] {
            let value: Vec<u8> = (0..length).map(|at: usize| (at * 31 + at / 256) as u8).collect();
            let mut set = step(9, number);
            set.put(key.clone(), value.clone());
            commit(&*store, &set)?;
            expect(&*store, &key, Some(&value))?;
            number += 1;
        }
    }
    Ok(())
}

fn many(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let mut set = step(9, 0);
    for number in 0..100u8 {
        set.put(vec![b'k', number], vec![number; 3]);
    }
    commit(&*store, &set)?;
    let asked: Vec<Vec<u8>> = [5u8, 200, 3, 5, 99].iter().map(|number| vec![b'k', *number]).collect();
    let snapshot = store.snapshot()?;
    let found: Vec<Option<Vec<u8>>> =
        snapshot.get_many(&asked)?.into_iter().map(|value| value.map(|value| value.into_owned())).collect();
    let expected = [Some(vec![5; 3]), None, Some(vec![3; 3]), Some(vec![5; 3]), Some(vec![99; 3])];
    if found == expected { Ok(()) } else { Err(Failure(format!("several keys gave {found:?}"))) }
}
