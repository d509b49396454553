//! Laws of the commit: whole or not at all, under its compare, in order.

use super::law::{Entry, Failure, Outcome, Place, commit, ensure, step};
use crate::commit::Conflict;
use crate::long_key::MAX_KEY;
use crate::{IndexError, Store, Version, WriteSet, compare};

pub(super) const LAWS: &[Entry] = &[
    ("a commit is in every later snapshot", visible),
    ("a later write of one key wins, a delete removes it", overwritten),
    ("a stale set is refused whole, with the version that is stored", refused),
    ("the sets of one call apply in their order", ordered),
    ("feeds do not stand in each other's way", independent),
    ("a call that cannot be stored applies nothing", nothing),
    ("racing steps of one feed never both win", raced),
    ("a feed whose version goes to zero is gone", forgotten),
];

fn value(store: &dyn Store, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    Ok(store.snapshot()?.get(key)?.map(|value| value.into_owned()))
}

fn expect(store: &dyn Store, key: &[u8], expected: Option<&[u8]>) -> Outcome {
    let found = value(store, key)?;
    ensure(found.as_deref() == expected, || format!("{key:x?} holds {found:?} instead of {expected:?}"))
}

fn version(store: &dyn Store, feed: u32) -> Result<Version, Failure> {
    Ok(compare::read_version(&*store.snapshot()?, feed)?)
}

fn with(mut set: WriteSet, key: &[u8], value: &[u8]) -> WriteSet {
    set.put(key.to_vec(), value.to_vec());
    set
}

fn visible(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    for number in 0..20u64 {
        commit(&*store, &with(step(1, number), b"k", &number.to_be_bytes()))?;
        expect(&*store, b"k", Some(&number.to_be_bytes()))?;
        let found = version(&*store, 1)?;
        ensure(found == Version { epoch: 1, commit: number + 1 }, || format!("the version is {found:?}"))?;
    }
    ensure(store.commit(&[])?.is_empty(), || "an empty call has fates".to_owned())
}

fn overwritten(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &with(step(1, 0), b"k", b"one"))?;
    let mut both = step(1, 1);
    both.put(b"k".to_vec(), b"two".to_vec());
    both.put(b"k".to_vec(), b"three".to_vec());
    commit(&*store, &both)?;
    expect(&*store, b"k", Some(b"three"))?;
    let mut gone = step(1, 2);
    gone.delete(b"k".to_vec());
    gone.delete(b"never there".to_vec());
    commit(&*store, &gone)?;
    expect(&*store, b"k", None)
}

fn refused(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &with(step(7, 0), b"a", b"1"))?;
    for stale in
        [step(7, 0), step(7, 2), WriteSet { expected: Version { epoch: 2, commit: 1 }, ..step(7, 1) }]
    {
        let stale = with(with(stale, b"a", b"2"), b"b", b"2");
        let fates = store.commit(std::slice::from_ref(&stale))?;
        let found = Version { epoch: 1, commit: 1 };
        let expected = [Err(Conflict { feed: 7, expected: stale.expected, found })];
        ensure(fates == expected, || format!("a stale set came to {fates:?}"))?;
        expect(&*store, b"a", Some(b"1"))?;
        expect(&*store, b"b", None)?;
    }
    let stale = store.commit(&[step(8, 3)])?;
    ensure(stale.iter().all(Result::is_err), || {
        "a set for an unknown feed was taken from commit 3".to_owned()
    })
}

fn ordered(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let sets = [
        with(step(1, 0), b"k", b"first"),
        with(step(1, 0), b"stale", b"x"),
        with(step(1, 1), b"k", b"second"),
        with(step(2, 0), b"other", b"y"),
        with(step(1, 2), b"k", b"third"),
    ];
    let fates = store.commit(&sets)?;
    let taken: Vec<bool> = fates.iter().map(Result::is_ok).collect();
    ensure(taken == [true, false, true, true, true], || format!("the fates are {fates:?}"))?;
    expect(&*store, b"k", Some(b"third"))?;
    expect(&*store, b"stale", None)?;
    expect(&*store, b"other", Some(b"y"))
}

fn independent(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    for feed in [0, 1, 255, 256, u32::MAX] {
        commit(&*store, &with(step(feed, 0), &feed.to_be_bytes(), b"v"))?;
    }
    for feed in [0, 1, 255, 256, u32::MAX] {
        commit(&*store, &step(feed, 1))?;
        expect(&*store, &feed.to_be_bytes(), Some(b"v"))?;
    }
    Ok(())
}

fn nothing(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    for bad in [vec![], vec![1; MAX_KEY + 1]] {
        let sets = [with(step(1, 0), b"a", b"1"), with(with(step(2, 0), b"b", b"2"), &bad, b"x")];
        let outcome = store.commit(&sets);
        let refused = matches!(outcome, Err(IndexError::NotSupported(_)));
        ensure(refused, || format!("a key of {} bytes came to {outcome:?}", bad.len()))?;
        expect(&*store, b"a", None)?;
        expect(&*store, b"b", None)?;
        let read = store.snapshot()?.get(&bad).map(|_| ());
        let refused = matches!(read, Err(IndexError::NotSupported(_)));
        ensure(refused, || format!("reading a key of {} bytes came to {read:?}", bad.len()))?;
    }
    commit(&*store, &step(1, 0))
}

fn raced(place: &dyn Place) -> Outcome {
    const EACH: u64 = 25;
    let store = place.open()?;
    let store = &*store;
    let racer = |_| -> Outcome {
        let mut won = 0;
        while won < EACH {
            let from = version(store, 1)?.commit;
            let count = value(store, b"count")?.map_or(0, |bytes| bytes[0]);
            let fates = store.commit(&[with(step(1, from), b"count", &[count + 1])])?;
            won += u64::from(fates.iter().all(Result::is_ok));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..3).map(|number| scope.spawn(move || racer(number))).collect();
        racers.into_iter().try_for_each(|racer| {
            racer.join().unwrap_or_else(|_| Err(Failure("a racing thread panicked".to_owned())))
        })
    })?;
    // A count read in another snapshot than the version may be one commit newer; the compare refuses that step.
    expect(store, b"count", Some(&[75]))
}

fn forgotten(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    commit(&*store, &step(1, 0))?;
    commit(&*store, &WriteSet { next: Version::default(), ..step(1, 1) })?;
    expect(&*store, &compare::version_key(1), None)?;
    commit(&*store, &step(1, 0))
}
