//! One process at a time: also if somebody removes the file that says so.

use super::running::{Running, orders};
use std::fs;

#[test]
fn a_store_whose_owner_file_is_removed_lets_no_second_process_in_and_says_so() {
    let mut running = Running::start();
    assert_eq!(running.post(&orders(&[250])).status, 200);
    let owner = running.store().join("OWNER");
    for round in 0..3 {
        match round {
            0 => fs::remove_file(&owner).unwrap(),
            1 => {
                fs::remove_file(&owner).unwrap();
                fs::write(&owner, "").unwrap();
            }
            _ => fs::rename(&owner, owner.with_extension("away")).unwrap(),
        }
        let config = running.config();
        let second = super::livewell(&["run", config.to_str().unwrap(), "--until-idle"]);
        assert_eq!(second.status.code(), Some(1), "{round}");
        assert!(super::text(&second.stderr).contains("already open"), "{}", super::text(&second.stderr));
        let answer = running.post(&orders(&[251 + round]));
        assert_eq!(answer.json()["position"], 2 + round, "positions are given once");
        assert!(fs::read_to_string(&owner).unwrap().contains(&format!("pid {}", running.id())));
    }
    let log = running.stop();
    assert!(log.contains("OWNER was removed while the store is open"), "{log}");
}
