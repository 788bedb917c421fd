//! Every target: CPUs x platforms.

use super::kvm::{self, Kvm, Local};
use super::qemu::{MACHINES, Qemu};
use super::{Mode, Reference, Target, reference};
use sprig_refhv::hypervisor::{DESIGNS, DEVIATIONS};
use std::sync::Arc;

/// Every target, in the order in which they are listed.
#[must_use]
pub fn all() -> Vec<Arc<dyn Target>> {
    let mut targets: Vec<Arc<dyn Target>> = Vec::new();
    for model in &reference::MODELS {
        for target in Mode::all().into_iter().filter_map(|mode| Reference::new(model, mode)) {
            targets.push(Arc::new(target));
        }
    }
    for target in DESIGNS.iter().filter_map(Reference::designed) {
        targets.push(Arc::new(target));
    }
    for machine in MACHINES {
        for target in machine.models.iter().filter_map(|model| Qemu::new(machine, model)) {
            targets.push(Arc::new(target));
        }
    }
    for machine in kvm::MACHINES {
        for target in machine.kernels.iter().filter_map(|kernel| Kvm::new(machine, kernel)) {
            targets.push(Arc::new(target));
        }
    }
    targets.extend(Local::here().map(|target| Arc::new(target) as Arc<dyn Target>));
    targets
}

/// Hypervisors that are wrong on purpose, `ref-MODEL-pr+DEVIATION`: for trying the suite, and in no list of targets.
#[must_use]
pub fn deviating() -> Vec<Arc<dyn Target>> {
    let models = reference::MODELS.iter();
    let each = models.flat_map(|model| DEVIATIONS.iter().filter_map(|row| Reference::deviating(model, row.deviation)));
    each.map(|target| Arc::new(target) as Arc<dyn Target>).collect()
}

/// The target of this name.
#[must_use]
pub fn by_id(id: &str) -> Option<Arc<dyn Target>> {
    all().into_iter().find(|target| target.id() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_target_is_compared_with_has_its_cpu_guest_kernel_and_mode() {
        for (target, with) in [
            ("ref-e500v2-pr", Some("ref-e500v2-bare")),
            ("ref-440-pr-nopage", Some("ref-440-bare")),
            ("ref-e500v2-bare", None),
            ("ref-hv-patches", Some("ref-e500v2-pr")),
            ("ref-power8-64-pr+sprgs-swapped", Some("ref-power8-64-pr")),
            ("qemu-bamboo-440ep", Some("ref-440-bare")),
            ("qemu-pseries-power8-64le", Some("ref-power8-64le-bare")),
            ("qemu-pseries-power10", None),
            ("kvm-e500v2", Some("ref-e500v2-pr")),
            ("kvm-book3s64-pr-64le", Some("ref-power8-64le-pr")),
            ("kvm-book3s64-hv-nested", None),
        ] {
            let found = all().into_iter().chain(deviating()).find(|other| other.id() == target).expect(target);
            assert_eq!(found.counterpart().as_ref().map(Target::id), with, "{target}");
        }
    }

    #[test]
    fn every_row_of_the_tables_is_a_target_of_its_own() {
        let targets = all();
        let models: usize = MACHINES.iter().map(|machine| machine.models.len()).sum();
        let kernels: usize = kvm::MACHINES.iter().map(|machine| machine.kernels.len()).sum();
        let local = 1;
        let reference = reference::MODELS.len() * Mode::all().len() + DESIGNS.len();
        assert_eq!(targets.len(), reference + models + kernels + local);
        for target in &targets {
            let same = targets.iter().filter(|other| other.id() == target.id());
            assert_eq!(same.count(), 1, "{}", target.id());
        }
    }

    #[test]
    fn a_wrong_hypervisor_is_no_target_of_the_list_and_has_the_goldens_of_the_right_one() {
        for wrong in deviating() {
            assert!(by_id(wrong.id()).is_none(), "{}", wrong.id());
            let (right, _) = wrong.id().split_once(super::super::reference::DEVIATES).expect("it says how it is wrong");
            assert_eq!(wrong.golden_chain(), by_id(right).expect("a target").golden_chain());
        }
    }

    #[test]
    fn goldens_of_one_cpu_in_one_mode_are_shared() {
        let chain = |id| by_id(id).expect("a target").golden_chain();
        assert_eq!(chain("ref-440-pr"), ["ref-440-pr", "440-pr", "booke-pr", "pr"]);
        assert_eq!(chain("ref-440-bare")[1..], chain("qemu-bamboo-440ep")[1..]);
        assert_eq!(chain("ref-power8-64le-bare")[1..], chain("qemu-pseries-power8-64le")[1..]);
        assert_eq!(chain("ref-power8-64-pr"), ["ref-power8-64-pr", "power8-64-pr", "power8-pr", "book3s-pr", "pr"]);
        assert_eq!(chain("kvm-e500v2"), ["kvm-e500v2", "kvm-booke", "e500v2-pr", "booke-pr", "pr"]);
        let of_64le =
            ["kvm-power8-64le", "kvm-power8-64", "kvm-power8", "kvm-book3s", "power8-64le-pr", "power8-64-pr"];
        assert_eq!(chain("kvm-book3s64-pr-64le")[1..7], of_64le);
        assert_eq!(chain("kvm-book3s32-pr")[1..], ["kvm-book3s", "7447-pr", "book3s-pr", "pr"]);
        let of_hv = ["kvm-hv", "power9-bare", "book3s-bare", "bare"];
        assert_eq!(chain("kvm-book3s64-hv-powernv9")[1..], of_hv);
        let of_64 = ["power9-64le-bare", "power8-64le-bare", "power9-64-bare", "power8-64-bare"];
        assert_eq!(chain("kvm-book3s64-hv-powernv9-64le")[1..], [&of_64[..], &of_hv].concat());
        assert_eq!(chain("kvm-local"), ["kvm-local", "kvm-e500v2", "kvm-booke", "e500v2-pr", "booke-pr", "pr"]);
    }
}
