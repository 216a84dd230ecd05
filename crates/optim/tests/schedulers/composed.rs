//! Schedules composed of others: ends and momenta.

use downhill_optim::{
    Anneal, ChainedLr, ConstantLr, CyclicLr, ExponentialLr, OneCycleLr, Optimizer, Options, Schedule, Scheduler,
    SequentialLr, Sgd, WarmupLr,
};

use super::*;

/// A cycle that ends before the next schedule takes over keeps its last learning rate and momentum, whatever its curve.
#[test]
fn a_cycle_within_a_sequence_stays_at_its_end() {
    for anneal in [Anneal::Cos, Anneal::Linear] {
        let sequence = SequentialLr::new(OneCycleLr { anneal, ..one_cycle(5) }).then(12, ExponentialLr { gamma: 0.5 });
        let all = in_force(sequence.clone(), 14);
        let last = 0.1 / 25.0 / 1e4;
        assert_eq!(all[4..12], [(last, 0.95); 8], "{anneal:?}");
        assert_eq!((all[12].0, all[13].0, all[14].0), (0.1, 0.05, 0.025));
        for (t, (lr, _)) in all.iter().enumerate() {
            let direct = sequence.lr_at(0.1, t as u64).unwrap();
            assert!((direct - lr).abs() < 1e-15, "epoch {t}: {direct} as a function, {lr} stepped");
        }
        assert_eq!(sequence.momentum_at(10), Some(0.95));
    }
}

/// So does a custom schedule with an end: it is never evaluated beyond its end.
#[test]
fn any_schedule_with_an_end_within_a_sequence_stays_there() {
    #[derive(Clone, Debug, Options)]
    struct Halves;
    impl Schedule for Halves {
        fn factor(&self, t: u64) -> Option<f64> {
            assert!(t <= 2, "asked for epoch {t}");
            Some(0.5_f64.powi(t as i32))
        }
        fn momentum_at(&self, t: u64) -> Option<f64> {
            assert!(t <= 2, "asked for epoch {t}");
            Some(0.5)
        }
        fn end(&self) -> Option<u64> {
            Some(2)
        }
    }
    let sequence = SequentialLr::new(Halves).then(5, ConstantLr { factor: 0.5, total_iters: 1 });
    assert_eq!(rates(sequence.clone(), 6), [0.1, 0.05, 0.025, 0.025, 0.025, 0.05, 0.1]);
    assert_eq!(sequence.lr_at(0.1, 4), Some(0.025));
}

/// A sequence ends with its last schedule, counted from its start; a chain ends with the first of its schedules to end.
#[test]
fn composed_schedules_end() {
    let sequence = SequentialLr::new(WarmupLr { steps: 3 }).then(3, one_cycle(5));
    assert_eq!(sequence.end(), Some(8));
    assert_eq!(SequentialLr::new(one_cycle(5)).then(9, WarmupLr { steps: 3 }).end(), None);
    let chain = ChainedLr::new(one_cycle(7)).and(one_cycle(5)).and(ExponentialLr { gamma: 0.5 });
    assert_eq!(chain.end(), Some(5));
    assert_eq!(rates(sequence.clone(), 8).len(), 9);
    assert_eq!(panic_of(|| drop(rates(sequence, 9))), "step: SequentialLr ends at step 8, this is step 9");
    assert_eq!(panic_of(|| drop(rates(chain, 6))), "step: ChainedLr ends at step 5, this is step 6");
    let late = SequentialLr::new(WarmupLr { steps: 3 }).then(u64::MAX - 1, one_cycle(5));
    assert_eq!(late.end(), Some(u64::MAX));
}

/// In a chain, the last schedule that sets the momentum wins, and one that spares a momentum of 0 spares it for all.
#[test]
fn momenta_of_composed_schedules() {
    let cycle = || CyclicLr { base_momentum: 0.2, max_momentum: 0.4, ..cyclic() };
    let chain = ChainedLr::new(one_cycle(9)).and(cycle());
    let momenta = |schedule: &dyn Schedule| -> Vec<f64> { (0..4).map(|t| schedule.momentum_at(t).unwrap()).collect() };
    assert_eq!(momenta(&chain), momenta(&cycle()));
    assert_eq!(momenta(&chain.clone().and(ExponentialLr { gamma: 0.5 })), momenta(&cycle()));
    let round = |x: f64| (x * 1e9).round() / 1e9;
    let all: Vec<f64> = in_force(chain, 4).into_iter().map(|(_, momentum)| round(momentum)).collect();
    assert_eq!(all, [0.4, 0.3, 0.2, 0.3, 0.4]);

    let sparing = || CyclicLr { spare_zero_momentum: true, ..cyclic() };
    let without = |schedule: Box<dyn Schedule>| {
        let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
        let mut scheduler = Scheduler::new(schedule, &mut opt);
        scheduler.step(&mut opt);
        opt.momentum().unwrap()
    };
    for order in [[0, 1], [1, 0]] {
        let part = |which: usize| -> Box<dyn Schedule> {
            if which == 0 { Box::new(sparing()) } else { Box::new(ExponentialLr { gamma: 0.5 }) }
        };
        let chain = ChainedLr { schedules: vec![part(order[0]), part(order[1])] };
        let sequence = SequentialLr { schedules: vec![part(order[0]), part(order[1])], milestones: vec![5] };
        assert_eq!(without(Box::new(chain)), 0.0, "{order:?}");
        assert_eq!(without(Box::new(sequence)), 0.0, "{order:?}");
    }
    assert!(without(Box::new(ChainedLr::new(cyclic()))) > 0.8);
}
