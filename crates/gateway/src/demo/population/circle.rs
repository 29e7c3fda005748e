//! The people around a resident: whom to call, doctors, nurses, the care manager, and who registered.

use super::dice::Dice;
use super::facts::Facts;
use super::household::{Resident, Tie};
use super::names::Name;
use super::source::Source;
use super::tables::{CareLevel, Facility, Flag, Kin, Member, Sex};

/// Those who live in the doctor's district come so much more often.
const NEAR: u32 = 5;
/// Who manages care.
pub(super) const MANAGERS: &[&str] = &["care_manager", "community_support_centre"];
/// How many numbers of contacts one resident can have.
const CONTACTS: u64 = 4;

impl Source {
    /// Whom to call: the spouse, if there is one, and one or two others.
    pub(super) fn contacts(
        &self,
        dice: &mut Dice,
        one: &Resident,
        home: &[Resident],
        seed: u64,
        facts: &mut Facts,
    ) {
        let spouse = home
            .iter()
            .find(|other| one.tie == Some((Tie::Spouse, other.number)));
        if let Some(spouse) = spouse {
            let word = match spouse.sex {
                Sex::Male => &self.settings.spouse.male,
                Sex::Female => &self.settings.spouse.female,
            };
            let mut row = contact(&spouse.name, word);
            row.text("phone", spouse.home_phone.clone().unwrap_or_default());
            row.text("mobile", spouse.mobile.clone().unwrap_or_default());
            facts.row("contacts", row);
        }
        let age = one.age(self.settings.as_of);
        let mut words: Vec<&str> = Vec::new();
        for position in 0..=dice.below(2) {
            let fits = |kin: &Kin| {
                let fits = (kin.from_age..=kin.to_age).contains(&age)
                    && !words.contains(&kin.word.as_str());
                if fits { kin.weight } else { 0 }
            };
            let Some(kin) = dice.weighted(&self.kinship, fits) else {
                break;
            };
            words.push(&kin.word);
            let year = one.birth.year() + kin.years_younger;
            let name = if dice.percent(kin.same_surname_percent) {
                self.name_in(dice, &one.name, kin.sex, year, &[&one.name])
            } else {
                self.name(dice, kin.sex, year)
            };
            let mut row = contact(&name, &kin.word);
            let number = one.number * CONTACTS + position;
            row.text(
                "mobile",
                self.phone("contact", number, seed).unwrap_or_default(),
            );
            facts.row("contacts", row);
        }
        facts.day("checked_contacts", self.checked(dice, one, 600, None));
    }

    /// One doctor, or two; the first is the main one.
    pub(super) fn doctors<'a>(
        &'a self,
        dice: &mut Dice,
        one: &Resident,
        facts: &mut Facts,
    ) -> Option<&'a Facility> {
        let near = |facility: &Facility| {
            let near = facility.district == one.place.district;
            facility.doctor_weight * if near { NEAR } else { 1 }
        };
        let main = dice.weighted(&self.facilities, near);
        let second = dice.weighted(&self.facilities, |facility| facility.doctor_weight);
        let two = dice.per_mille(self.settings.per_mille.second_doctor);
        let second = second.filter(|other| two && main.is_none_or(|main| main.code != other.code));
        for (position, facility) in [main, second].into_iter().flatten().enumerate() {
            let doctors: Vec<&Member> = self
                .staff_of(&facility.code)
                .filter(|member| !member.department.is_empty())
                .collect();
            let doctor = dice.pick(&doctors).copied();
            let mut row = Facts::default();
            row.text("code", &facility.code);
            row.text("facility", &facility.name);
            row.text("phone", &facility.phone);
            row.text("doctor", doctor.map_or("", |doctor| &doctor.name));
            row.text("department", doctor.map_or("", |doctor| &doctor.department));
            row.text("main", if position == 0 { "yes" } else { "no" });
            if position == 0 {
                facts.text("doctor_code", &facility.code);
                facts.text("doctor_facility", &facility.name);
                facts.text("doctor_phone", &facility.phone);
                facts.text("doctor_name", doctor.map_or("", |doctor| &doctor.name));
            }
            facts.row("doctors", row);
        }
        facts.day("checked_doctor", self.checked(dice, one, 600, None));
        main
    }

    /// The care level and what goes with it: the care manager, the visiting nurse.
    pub(super) fn care<'a>(
        &'a self,
        dice: &mut Dice,
        one: &Resident,
        facts: &mut Facts,
    ) -> Option<&'a Facility> {
        let age = one.age(self.settings.as_of);
        let fits = |level: &CareLevel| {
            if level.from_age <= age {
                level.weight
            } else {
                0
            }
        };
        let level = dice.weighted(&self.care_levels, fits);
        let since = self.ago(dice, one, 30, 600);
        facts.day("checked_care", self.checked(dice, one, 600, Some(since)));
        let managed = dice.per_mille(self.settings.per_mille.certified_manager);
        let nursed = dice.per_mille(self.settings.per_mille.nursing);
        let office = self.office(dice, &one.place.district);
        let manager = office.and_then(|office| self.worker(dice, office, MANAGERS));
        let station = self.station(dice);
        if let Some(station) = station.filter(|_| nursed) {
            facts.text("nursing_code", &station.code);
            facts.text("nursing_name", &station.name);
            facts.text("nursing_phone", &station.phone);
        }
        let level = level?;
        facts.text("care_level", &level.level);
        facts.text("care_state", &level.certification);
        facts.text("mobility", &level.mobility);
        facts.text("communication", &level.communication);
        if level.level.is_empty() {
            return None;
        }
        facts.day("care_from", since.first_of_month());
        let two_years = jiff::Span::new().try_months(23);
        if let Ok(last) = two_years.and_then(|span| since.checked_add(span)) {
            facts.day("care_to", last.last_of_month());
        }
        let office = office.filter(|_| managed && level.managed == Flag::Yes)?;
        facts.text("office_code", &office.code);
        facts.text("office_name", &office.name);
        facts.text("office_phone", &office.phone);
        facts.text("manager_name", manager.map_or("", |member| &member.name));
        Some(office)
    }

    fn office(&self, dice: &mut Dice, district: &str) -> Option<&Facility> {
        dice.weighted(&self.facilities, |facility| {
            let near = if facility.district == district {
                NEAR
            } else {
                2
            };
            match (facility.registers(), facility.doctor_weight) {
                (true, 0) => near,
                _ => 0,
            }
        })
    }

    fn station(&self, dice: &mut Dice) -> Option<&Facility> {
        dice.weighted(&self.facilities, |facility| {
            u32::from(facility.kind == "visiting_nursing")
        })
    }

    /// Somebody who works there, of one of these professions if there is one.
    pub(super) fn worker(
        &self,
        dice: &mut Dice,
        facility: &Facility,
        professions: &[&str],
    ) -> Option<&Member> {
        let all: Vec<&Member> = self.staff_of(&facility.code).collect();
        let fits = |member: &&&Member| professions.contains(&member.profession.as_str());
        let fitting: Vec<&Member> = all.iter().filter(fits).copied().collect();
        let staff = if fitting.is_empty() { all } else { fitting };
        dice.pick(&staff).copied()
    }
}

fn contact(name: &Name, kinship: &str) -> Facts {
    let mut row = Facts::default();
    row.text("family", &name.family);
    row.text("given", &name.given);
    row.text("family_kana", &name.family_kana);
    row.text("given_kana", &name.given_kana);
    row.text("kinship", kinship);
    row
}
