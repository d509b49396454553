//! A cluster: the connections to the brokers that lead the partitions of one topic.

use super::address::Address;
use super::connection::Connection;
use super::error::Error;
use super::leader::Leader;
use super::login;
use super::metadata::{self, Partition, Topic};
use crate::postgres::host::Host;

/// A cluster as far as one topic is concerned.
#[derive(Debug)]
pub struct Cluster {
    address: Address,
    topic: Topic,
    /// The broker that is asked about the topic.
    any: Connection,
    brokers: Vec<(i32, Host)>,
    leaders: Vec<Leader>,
}

impl Cluster {
    /// Connects to the first host that answers, asks it for the topic, and connects to all leaders.
    ///
    /// # Errors
    /// Returns [`Error::Away`] if no broker can be reached or there is no such topic, and [`Error::Refused`] if a
    /// setting has to be changed.
    pub fn open(address: Address, topic: &str) -> Result<Self, Error> {
        let mut any = first(&address)?;
        let metadata = metadata::ask(&mut any, topic)?;
        let (brokers, topic) = (metadata.brokers, metadata.topic);
        let mut cluster = Self { address, topic, any, brokers, leaders: Vec::new() };
        for partition in cluster.topic.partitions.clone() {
            if cluster.leaders.iter().any(|leader| leader.broker() == partition.leader) {
                continue;
            }
            let host = cluster.brokers.iter().find(|(id, _)| *id == partition.leader);
            let (id, host) = host.ok_or_else(|| {
                let number = partition.number;
                Error::Away(format!(
                    "partition {number} of `{}` has no leader at the moment",
                    cluster.topic.name
                ))
            })?;
            let connection = login::connect(&cluster.address, host)?;
            cluster.leaders.push(Leader::new(*id, connection));
        }
        Ok(cluster)
    }

    /// Returns the topic as it was when it was last asked for.
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Returns a partition by its number.
    pub fn partition(&self, number: i32) -> Option<Partition> {
        self.topic.partitions.iter().find(|partition| partition.number == number).copied()
    }

    /// Asks for the topic again. If something is different now, the cluster has to be opened again.
    ///
    /// # Errors
    /// Like [`Cluster::open`].
    pub fn look(&mut self) -> Result<Topic, Error> {
        metadata::ask(&mut self.any, &self.topic.name).map(|metadata| metadata.topic)
    }

    /// Returns the topic and the brokers that lead partitions of it.
    pub fn leaders(&mut self) -> (&Topic, &mut [Leader]) {
        (&self.topic, &mut self.leaders)
    }

    /// Returns the broker that leads a partition.
    ///
    /// # Errors
    /// Returns [`Error::Away`] if there is no such partition.
    pub fn leader(&mut self, partition: i32) -> Result<(&Topic, &mut Leader), Error> {
        let broker = self.topic.partitions.iter().find(|one| one.number == partition).map(|one| one.leader);
        let leader = self.leaders.iter_mut().find(|leader| Some(leader.broker()) == broker);
        let gone = || Error::Away(format!("`{}` has no partition {partition}", self.topic.name));
        leader.ok_or_else(gone).map(|leader| (&self.topic, leader))
    }
}

/// Connects to the first host that answers.
pub(super) fn first(address: &Address) -> Result<Connection, Error> {
    let mut missed = Vec::new();
    for host in &address.hosts {
        match login::connect(address, host) {
            Err(Error::Away(text)) => missed.push(text),
            other => return other,
        }
    }
    Err(Error::Away(missed.join("; ")))
}
