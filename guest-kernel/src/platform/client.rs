//! The client interface of Open Firmware (IEEE 1275, section 6.3; PowerPC processor binding, section 8): one entry
//! point, called with the address of an array of cells.
//!
//! ```text
//!   service name, number of arguments, number of results, arguments..., results...
//! ```
//!
//! The platform knows how to call it without the firmware noticing that it no longer owns the machine, see
//! [`Firmware::enter`].

use core::ffi::CStr;
use sprig_interpreter::{CallResult, Unsupported};
use sprig_wire::firmware::SERVICES;
use sprig_wire::host::{STATUS_OK, VALUES};

/// What a package handle or a claimed address is where there is none.
pub(super) const NONE: u32 = !0;
/// Most cells of arguments and results together.
const CELLS: usize = 8;

/// A cell, big-endian whatever the kernel is. Addresses are cells: ours lie in the first 4 GiB.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Cell(u32);

impl Cell {
    const fn new(value: u32) -> Self {
        Self(value.to_be())
    }

    const fn get(self) -> u32 {
        u32::from_be(self.0)
    }
}

/// A call, as the firmware reads and writes it.
#[repr(C)]
pub(super) struct Call {
    service: Cell,
    arguments: Cell,
    results: Cell,
    cells: [Cell; CELLS],
}

/// The cells of a call that begin with the results.
type Results = [u32; CELLS];

/// The firmware's side of a call, for the one that is ours.
#[cfg(feature = "board")]
impl Call {
    /// The service's name.
    pub(super) fn service(&self) -> &'static CStr {
        // SAFETY: `Firmware::call` has put a constant's address there.
        unsafe { CStr::from_ptr(self.service.get() as *const core::ffi::c_char) }
    }

    /// The cells that begin with the arguments.
    pub(super) fn arguments(&self) -> [u32; CELLS] {
        self.cells.map(Cell::get)
    }

    /// Fills in results.
    pub(super) fn answer(&mut self, results: &[u32]) {
        let (arguments, count) = (self.arguments.get() as usize, self.results.get() as usize);
        for (place, result) in self.cells.iter_mut().skip(arguments).take(count).zip(results) {
            *place = Cell::new(*result);
        }
    }
}

/// A firmware that can be called.
pub(super) trait Firmware {
    /// Calls the client interface with this call, in the machine state and with the memory the firmware expects.
    fn enter(&self, call: &mut Call);

    /// Makes a call; its results are the first of what comes back.
    fn call(&self, service: &CStr, arguments: &[u32], results: u32) -> Results {
        let [name, count, results] = [service.as_ptr() as u32, arguments.len() as u32, results].map(Cell::new);
        let mut call = Call { service: name, arguments: count, results, cells: [Cell::new(NONE); CELLS] };
        for (cell, argument) in call.cells.iter_mut().zip(arguments) {
            *cell = Cell::new(*argument);
        }
        self.enter(&mut call);
        let mut answer = [NONE; CELLS];
        for (place, cell) in answer.iter_mut().zip(call.cells.iter().skip(arguments.len())) {
            *place = cell.get();
        }
        answer
    }

    /// The handle of a package, [`NONE`] if there is none of that name.
    fn find_device(&self, path: &CStr) -> u32 {
        self.call(c"finddevice", &[path.as_ptr() as u32], 1)[0]
    }

    /// The value of a package's property that is one cell.
    fn property(&self, package: u32, name: &CStr) -> Option<u32> {
        const CELL: u32 = 4;
        let mut value = Cell::new(NONE);
        let place = &raw mut value;
        let [length, ..] = self.call(c"getprop", &[package, name.as_ptr() as u32, place as u32, CELL], 1);
        // SAFETY: a local variable, which the firmware has written to behind the compiler's back.
        let value = unsafe { place.read_volatile() };
        (length == CELL).then_some(value.get())
    }

    /// Carries out a script's call.
    fn serve(&self, service: u16, arguments: &[u64]) -> Result<CallResult, Unsupported> {
        let argument = |index: usize| arguments.get(index).map_or(0, |value| *value as u32);
        let service = SERVICES.iter().find(|known| known.number == service).ok_or(Unsupported)?;
        let mut results = [0; VALUES];
        match service.name {
            "finddevice-root" => results[0] = self.find_device(c"/").into(),
            "milliseconds" => results[0] = self.call(c"milliseconds", &[], 1)[0].into(),
            "claim" => results[0] = self.call(c"claim", &[argument(0), argument(1), 0], 1)[0].into(),
            "has-hypervisor-node" => results[0] = (self.find_device(c"/hypervisor") != NONE).into(),
            "translate" => {
                let chosen = self.find_device(c"/chosen");
                let mmu = self.property(chosen, c"mmu").ok_or(Unsupported)?;
                // Results, the top of the stack first: catch, true, mode, physical address; or catch, false.
                let method = c"translate".as_ptr() as u32;
                let [catch, found, mode, physical, ..] = self.call(c"call-method", &[method, mmu, argument(0)], 4);
                if catch == 0 && found != 0 {
                    results[..3].copy_from_slice(&[1, physical.into(), mode.into()]);
                }
            }
            _ => return Err(Unsupported),
        }
        Ok(CallResult { results, status: STATUS_OK })
    }
}
