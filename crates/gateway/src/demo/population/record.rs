//! A resident's record: everything that is known, put into the region's form.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;

use super::circle::MANAGERS;
use super::dice::Dice;
use super::facts::{Facts, NAMES};
use super::household::{Fate, Resident, Tie};
use super::illness::speaker;
use super::source::Source;
use super::tables::{Facility, Flag};

/// From this age on, health insurance is the elderly's.
const ELDERLY: i64 = 75;

/// A record, ready to be sent.
#[derive(Debug)]
pub struct Record<'a> {
    /// Who sends it.
    pub sender: &'a Facility,
    /// The record in the region's form.
    pub value: Value,
}

/// A resident with all that is known.
#[derive(Debug)]
pub struct Known<'a> {
    /// By neutral names.
    pub facts: Facts,
    /// The facility that registered the resident.
    pub registrar: &'a Facility,
    /// The care manager's office.
    pub office: Option<&'a Facility>,
    /// What is thrown next: the rest of the resident's stream.
    dice: Dice,
}

impl Source {
    /// All that is known of a resident; none if nobody could have registered one.
    #[must_use]
    pub fn known<'a>(&'a self, one: &Resident, home: &[Resident], seed: u64) -> Option<Known<'a>> {
        let mut dice = Dice::new(seed, one.number * 2 + 1);
        let mut facts = Facts::default();
        self.person(one, &mut facts);
        self.contacts(&mut dice, one, home, seed, &mut facts);
        let doctor = self.doctors(&mut dice, one, &mut facts);
        let office = self.care(&mut dice, one, &mut facts);
        self.illness(&mut dice, one, &mut facts);
        let remark = self.wishes(&mut dice, one, &mut facts).map(str::to_owned);
        self.remarks(&mut dice, one, remark, &mut facts);
        self.insurance(&mut dice, one, &mut facts);
        let registrar = office.or(doctor).filter(|one| one.registers())?;
        let writer = self.worker(&mut dice, registrar, MANAGERS);
        facts.text("registrar_code", &registrar.code);
        facts.text("registrar_name", &registrar.name);
        let writer = match facts.word("manager_name") {
            "" => writer.map_or("", |member| &member.name),
            manager => manager,
        };
        facts.text("registrar_writer", writer.to_owned());
        let agreed = self.ago(&mut dice, one, 1, 500);
        let written = self.written(one, agreed, &facts);
        facts.day("written", written);
        let by = speaker(&mut dice, &self.settings.consent_by);
        facts.text("consent_by", by.map_or("", |by| &by.word));
        facts.day("consent_on", agreed);
        Some(Known {
            facts,
            registrar,
            office,
            dice,
        })
    }

    /// The day of the record: when consent was given, or when the last block was confirmed. That somebody
    /// is gone is written on the same day.
    fn written(&self, one: &Resident, agreed: Date, facts: &Facts) -> Date {
        if !one.is_here() {
            return one.last_day(self.settings.as_of);
        }
        let checked = NAMES.iter().filter(|name| name.starts_with("checked_"));
        checked
            .filter_map(|name| facts.date(name))
            .fold(agreed, Date::max)
    }

    fn person(&self, one: &Resident, facts: &mut Facts) {
        let settings = &self.settings;
        facts.text("record_id", settings.record_id.of(one.number));
        facts.text("slip_id", settings.slip_id.of(one.number));
        facts.text("region_id", settings.region_id.of(one.number));
        facts.text("family", &one.name.family);
        facts.text("given", &one.name.given);
        facts.text("family_kana", &one.name.family_kana);
        facts.text("given_kana", &one.name.given_kana);
        facts.text("sex", one.sex.as_str());
        facts.day("birth", one.birth);
        facts.text("age", one.age(settings.as_of).to_string());
        facts.text("postal_code", &one.place.postal_code);
        facts.text("address", &one.place.address);
        facts.text("district", &one.place.district);
        facts.text("home_phone", one.home_phone.clone().unwrap_or_default());
        facts.text("mobile", one.mobile.clone().unwrap_or_default());
        match &one.fate {
            Fate::Here => facts.text("residence", "here"),
            Fate::Moved(day, town) => {
                facts.text("residence", "moved");
                facts.day("moved_on", *day);
                facts.text("moved_to", town);
            }
            Fate::Died(day) => {
                facts.text("residence", "deceased");
                facts.day("deceased_on", *day);
            }
        }
    }

    fn remarks(&self, dice: &mut Dice, one: &Resident, wish: Option<String>, facts: &mut Facts) {
        let age = one.age(self.settings.as_of);
        let told = dice.per_mille(self.settings.per_mille.remark);
        let remark = dice.weighted(&self.remarks, |remark| {
            if remark.from_age <= age {
                remark.weight
            } else {
                0
            }
        });
        let mut lines: Vec<String> = wish.into_iter().filter(|line| !line.is_empty()).collect();
        lines.extend(remark.filter(|_| told).map(|remark| remark.text.clone()));
        facts.text("remarks", lines.join(""));
        let known = dice.per_mille(self.settings.per_mille.blood_group);
        let group = dice.weighted(&self.settings.blood_groups, |group| group.weight);
        if let Some(group) = group.filter(|_| known) {
            facts.text("blood_group", &group.word);
            facts.text("blood_rhesus", "+");
        }
    }

    /// Insurers and numbers. Of somebody registered twice, the second record has none: what would join
    /// the two is missing.
    fn insurance(&self, dice: &mut Dice, one: &Resident, facts: &mut Facts) {
        facts.day("checked_insurance", self.checked(dice, one, 400, None));
        if matches!(one.tie, Some((Tie::SamePerson, other)) if other < one.number) {
            return;
        }
        let insurers = &self.settings.insurers;
        let age = one.age(self.settings.as_of);
        if !facts.word("care_level").is_empty() {
            facts.text("care_insurer", &insurers.care);
            facts.text("care_number", format!("{:010}", 1_000_000 + one.number));
        }
        facts.text("health_number", format!("{:08}", 10_000_000 + one.number));
        if age >= ELDERLY {
            facts.text("health_insurer", &insurers.elderly);
        } else {
            facts.text("health_insurer", &insurers.national);
            facts.text("health_symbol", &insurers.national_symbol);
            facts.text("health_branch", "01");
        }
    }
}

impl<'a> Known<'a> {
    /// The emergency record.
    #[must_use]
    pub fn record(&self, source: &Source) -> Record<'a> {
        Record {
            sender: self.registrar,
            value: source.record.record(&self.facts),
        }
    }

    /// An admission slip of those few who were admitted lately; it needs a care manager to write it.
    #[must_use]
    pub fn slip(mut self, source: &Source, one: &Resident, today: Date) -> Option<Record<'a>> {
        let dice = &mut self.dice;
        let slips = &source.settings.slips;
        let admitted = dice.per_mille(slips.per_mille);
        let sender = self.office.filter(|_| admitted && one.is_here())?;
        let hospital = dice.weighted(&source.facilities, |facility| {
            let takes = facility.receives_slips == Flag::Yes;
            if takes { facility.doctor_weight } else { 0 }
        })?;
        let worker = source.worker(dice, hospital, &["medical_social_worker"]);
        let why = dice.weighted(&source.admissions, |why| why.weight)?;
        // Most slips come within days.
        let ago = dice.between(0, slips.days_before_today) * dice.between(0, 9) / 9;
        let day = today.checked_sub(ago.days()).ok()?;
        let later = dice.between(0, ago);
        let written = day.checked_add(later.days()).ok()?;
        let facts = &mut self.facts;
        facts.day("admitted", day);
        facts.day("written", written);
        facts.text("hospital_code", &hospital.code);
        facts.text("hospital_name", &hospital.name);
        facts.text("hospital_worker", worker.map_or("", |worker| &worker.name));
        facts.text("admission_diagnosis", &why.diagnosis);
        facts.text("admission_symptom", &why.symptom);
        facts.text("admission_course", &why.course);
        facts.text("admission_history", &why.history);
        Some(Record {
            sender,
            value: source.slip.record(facts),
        })
    }
}
