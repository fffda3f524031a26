"""Frequent given names and surnames of many countries: enough to tell a column of persons from one of things.

Written by hand, in lower case and without accents. Names that are more often a place, a month, a colour, a company or a
common word (Paris, May, Rose, Ford, Brown) are left out: a column is told by its share of names, so that none of them
is missed, while a column of cities must not look like one of persons.
"""

from __future__ import annotations

GIVEN = frozenset(
    """
    aaliyah aarav aaron abdul abdullah abena abigail achim adam adebayo adele adelheid aditi aditya adnan adrian
    adriana adrien agata agnes agnieszka ahmad ahmed aiko aisha ajay akash akiko akira alain alan albert alberto
    alejandra alejandro aleksander aleksandra alena alessandra alessandro alessia alex alexander alexandra alexandre
    alexandru alexei alexis alfonso alfred ali alice alicja alina alisha allison alma amanda amara amelie amina amir
    amit amrita amy ana ananya anastasia anders andre andrea andreas andreea andrej andres andrew andrzej angela
    angelika angelina anh anil anita anja anjali anke ankit ann anna annabelle anne annelise annette annika anthony
    antje antoine anton antonella antonia antonio anushka anya aparna arjun arlette armin arnaud arnav arthur arturo
    arvind asha ashley ashok astrid august aurelie ayodele ayse bao barbara barry bartosz beata beate beatrice
    beatriz ben benedikt benjamin bernadette bernard bernd bernhard bertrand beth betty beverly bianca bilal bill
    binh birgit birgitta bjorn bob bogdan bonnie boris brandon brenda brian brigitte britta bruno bryan burak
    caitlin camila camille carl carla carlos carmen carol carolin carolina caroline carolyn carrie catalin catarina
    catherine cathy cecile cecilia celine cem cesar chantal charles charlie chau chen chiara chidi chioma chloe
    christa christel christian christiane christina christine christoph christophe christopher cindy claire clara
    clarissa claude claudia claudio clemens connor constantin corinna corinne cosmin cristian cristina cuong cynthia
    dagmar daisuke damien dan dana daniel daniela daniele danielle danuta dario david davide deborah debra deepa
    deepak denis denise deniz dennis derek desiree detlef diana diane diego dieter dietmar dimitri dirk divya dmitri
    doina dolores dominic dominik dominique don donald donna doris dorota dorothea dorothy doug douglas dragos
    dumitru dung dylan eberhard ebony eduardo edward edwin ekaterina elaine eleanor elena eleonora eliane elias elif
    elisa elisabeth elise elizabeth elke ella ellen elodie elsa emanuele emeka emeric emil emilia emilie emily emin
    emine emma emmanuel emre enrico enrique eric erica erich erik erika erin ernst esin esra esteban esther ethan
    etienne eugen eugene eva evan evelyn ewa fabian fabio fabrice fang farah farid fatih fatima fatma federica
    federico felicia felipe felix ferdinand fernanda fernando filip filiz fiona florian florin folake francesca
    francesco francine francisca francisco franck francois francoise frank franz franziska fred frederic frederik
    friedrich fritz gabriel gabriela gabriele gabrielle gail ganesh gary gaurav gayatri genevieve geoffrey georg
    george georges gerald gerard gerd gerhard gertrud gheorghe giacomo giang gianluca gilbert gilles gina giorgio
    giovanni gisela giulia giuseppe gloria gordon grazyna greg gregor gregory greta grzegorz guido guillaume
    guillermo gul gulsen gunter gunther gustav gustavo habib hakan hamza hana hanna hannah hannelore hannes
    hans harald harish harold harry hartmut haruka haruto hasan hassan hatice heather hector hedwig heide heike
    heiko heiner heinrich heinz helen helena helene helga helmut hendrik henri henrik henry herbert hermann hernan
    hideo hien hieu hiroko hiroshi hoa holger horia horst howard hubert huda hugo hui hulya huong huseyin
    hussein ibrahim ida ifeoma ignacio igor ileana ilker ilse imran ines inga inge ingeborg ingo ingrid ioan ioana
    ion ionut irena irene irina irma isaac isabel isabella isabelle ishaan iulia ivan ivana jack jackie jacob
    jacqueline jacques jaime jakob jakub jamal james jan jana jane janet janice janina janine janusz jared jasmin
    jason javier jean jeanette jeanne jeff jeffrey jelena jennifer jenny jens jeremy jerome jerry jerzy jesse
    jessica jesus jim jing joachim joan joana joanna joao jochen joe joel johan johann johanna johannes john johnny
    jolanta jonas jonathan jorg jorge jose josef joseph josephine joshua juan juana judith judy julia julian juliana
    julie julien juliette jun jurgen justin justyna jutta kai kamal kamil kaori karel karen karim karin karina karl
    karla karolina karsten katarina katarzyna kate katharina katherine kathleen kathrin kathryn kathy katie katja
    kavita kavya kayla kazuo keiko keith kelly kemal ken kenji kenneth kenta kerem kerstin kevin khaled khanh kim
    kimberly kiran kirsten klaus konrad konstantin krishna kristen kristian kristin kristina krystyna krzysztof
    kumar kumiko kurt kwame kyle laila lakshmi lalita lars latifa laura lauren laurence laurent lea leah lei
    leila lena leon leonard leonardo leonie leopold leslie levent li liam lidia liesel lin lina linda linh lisa
    liselotte liviu loan lothar lou louis louise luca lucas lucia lucian lucie lucien ludwig luigi luis luisa
    luiz lukas luke lutz lydia lynn maciej madeleine magdalena mahmoud maja malgorzata malik malte manfred
    manish manuel manuela marc marcel marcelo marcin marco marcos marcus marek margaret margarete margarita margit
    margot marguerite maria mariam marian mariana marianne marie mariela marilyn mario marion marisa marius markus
    marlene marta martha martin martina martine marvin mary maryam massimo mateo mateusz mathias mathieu mathilde
    matilda matt matteo matthew matthias maurice mauricio max maxim maxime maximilian meena megan mehmet mehtap mei
    melanie melissa mercedes meryem mia michael michaela michal michel michele michelle miguel mihaela mihai mika
    mike mikhail milan milena millie min minh mira mircea miriam mirko mohamed mohammad mohammed mohit mona monica
    monika monique moritz muhammad mukesh murat mustafa nabil nadia nadine nadja nancy nandini naoki naomi natalia
    natalie natasha nathalie nathan naveen neha nelly nese nga ngoc ngozi nguyen nhung nicholas nick nico nicola
    nicolae nicolas nicole nikhil niklas nikolai nils nina nisha noah noel noemi nora norbert norma norman nour
    octavian olaf oleg olga oliver olivia olivier oluwaseun omar orhan oscar oskar osman otto ovidiu oya ozgur ozlem
    pablo pamela pankaj paola paolo parvati pascal patrice patricia patrick patrik paul paula paulina pauline paulo
    pavel pawel pedro peggy penelope per petar pete peter petr petra philip philipp philippe phillip phuong pia
    pierre pilar pinar ping piotr pooja prakash pranav prasad priya qiang quang quynh rachel radoslaw radu rafael
    rafal rahul raimund rainer raj rajesh rakesh ralf ralph raluca ramesh ramon randy rani rania raphael raquel
    rashid raul ravi raymond razvan rebecca regina reiner reinhard rekha renata renate rene ricardo riccardo richard
    rika rita rob robert roberta roberto robin rodrigo roger rohan rohit roland rolf romain roman ron ronald rosa
    rosalie rosemarie rosemary roxana roy ruben rudolf rui russell ruth ryan sabine sabrina sachin said sakiko
    sakura salim sally salma salvatore samantha sami samir samira samuel sandeep sandra sandro sandy sanjana sanjay
    sara sarah sascha satoshi scott sean sebastian selim selin selma serena serge sergei sergio serkan severine
    sevgi shalini shannon sharon shaun shawn sheila shinji shirley shreya sibel siddharth sigrid silke silvia silviu
    simon simona simone sina slawomir sneha sofia sofie sonia sonja sophia sophie sorin stacy stanislaw stefan
    stefania stefanie stefano steffen stella stephan stephane stephanie stephen steve steven stuart sudha sultan
    sunil sunita suresh susan susana susann susanne suzan suzanne sven svenja svetlana swati swen sybille sylvain
    sylvia sylvie tadeusz takashi takeshi tam tamara tanja tanvi tao tara tariq taro tatiana teresa terry thanh thao
    thea theo theodor theresa theresia thi thierry thilo thomas thorsten thuy tiffany till tim timo timothy tina
    tobias todd tolga tom tomas tomasz tomoko tony torsten traci tracy trang travis trinh tristan tuan tudor tuyet
    tyler udo ulrich ulrike uma umit ursula uta ute uwe valentin valentina valerie vandana vanessa varun vasile
    vera veronica veronika veronique vicente vicki victor vijay vikas vikram viktor viktoria vinay vincent vincenzo
    vinh vinod viola vivian vlad vladimir volkan volker waldemar walter waltraud wanda wayne wei werner wilfried
    wilhelm willi william willy wilma wojciech wolf wolfgang xavier xiaoming xin yan yang yannick yasemin yasir
    yasmin yi ying yoko yolanda yoshiko youssef yuki yumi yumiko yuri yusuf yves yvonne zachary zahra zainab
    zbigniew zeynep zhang zoe zofia zoran
    """.split()  # noqa: SIM905 - a list would take a line for each name
)

SURNAMES = frozenset(
    """
    abbott abe acosta adams adeyemi adler agarwal ahmed alexander ali allen almeida alvarez alves andersen anderson
    andersson andrews aoki araujo armstrong arnold arslan aslan ayala aydin babic bach bailey baker bakker balogh
    bansal baptiste barbier barbosa barnes barrett bartsch bauer baumann beck becker behrens bell bennett berger
    bergmann bernard berthelot bertrand bhatt bianchi bishop blanc bohm bonnet borges bosch bouchard boucher
    boyd bradley brandt braun brennan breuer brooks brouwer bruno bryant buchholz bui burke burns busch butler
    caballero cabrera campbell cardoso carlson carpenter carroll carvalho castillo castro celik cerny cetin chang
    chavez chen chevalier choi chopra chowdhury christensen clark clarke clement coleman colin collins colombo
    constantinescu conti cooper correia costa costello cox crawford cruz cunningham dang daniel daniels
    danielsen das davies davis dekker delgado demir desai deshmukh diallo dias diaz dietrich dijk dinh dixon dogan
    dominguez dubois dufour dumitrescu duncan dunn duong dupont durand dutta duval dvorak ebert edwards ellis engel
    engelhardt eriksen eriksson ernst espinoza esposito evans fabre farkas fernandes fernandez ferrari ferreira
    fischer fisher fleming fletcher flores fontaine foster fournier frank franke freeman freitas friedrich fuchs
    fujita gallagher gallo garcia gardner garnier gauthier gautier geiger gerard gheorghiu ghosh gibson giordano
    girard gomes gomez goncalves gonzales gonzalez gordon graf graham greco greene gregory griffin gross gruber
    guerin gunther gupta gustafsson gutierrez guzman haas haddad hahn hamalainen hamilton hansen hanson hansson
    harper harris harrison hartmann harvey hasegawa hayashi hayes heikkinen heinrich henderson hendriks henry
    hernandez herrera herrmann hoang hoffman hoffmann hofmann holm holmes horn horvat horvath hossain howard huang
    huber hubert hudson hughes hunt hussain huynh ibrahim inoue ionescu ishikawa islam ito ivanov ivanova iyer
    jacobs jacobsen jaeger jager jahn jain jansen janssen jansson jarvinen jenkins jensen jimenez johansen johansson
    johnson johnston jones jonge jorgensen joshi jovanovic juhasz jung juric kaiser kaminska kaminski kapoor kara
    kaufmann kaur kaya keller kelley kelly kennedy kessler khan khanna kilic kimura klein knezevic knight koc koch
    kohler konig korhonen koskinen kovac kovacs kowalczyk kowalska kowalski kraft kramer kraus krause kruger kucera
    kuhn kulkarni kumar kurt kuznetsov laine lakatos lambert lang lange larsen larson larsson laurent lawson le lee
    lefebvre legrand lehmann lemaire lenz leroy lewandowska lewandowski lewis lim lin lindqvist liu lopes lopez
    lorenz lowe ludwig lund lynch macdonald maier makela makinen malhotra malik mancini marchand maric marin
    marinescu marino marques marshall martens martin martinez martins mason mathieu matsumoto maurer mayer mccarthy
    mcdonald mehta meier menard mendes mendez mendoza menon mensah mercier meunier meyer michel miller mills mishra
    mitchell mohammed mohr molina moller molnar monteiro morales moreau moreira moreno moretti morgan mori morin
    morris morrison moser mulder muller munoz munteanu murphy murray nagel naidu nair nakamura nasser navarro nelson
    nemeth neumann newman ngo nguyen nichols nicolas nielsen nieminen nikolic nilsen nilsson noel novak novotny
    nowak nunes obrien ochoa ogawa okada okafor okonkwo oliveira oliver olsen olson olsson ortega ortiz otto owens
    ozdemir ozturk pacheco palmer pandey papp parker patel patil pedersen pereira perez perkins perrin persson
    peters petersen peterson petersson petit petrov petrovic pfeiffer pham phan phillips pierce pierre pillai pinto
    pohl polat popa popescu powell price prochazka quinn rahman ramirez ramos rao reddy reed reid reilly reis reyes
    reynolds ribeiro ricci richard richards richardson richter riedel rivera roberts robertson robin robinson rocha
    roche rodrigues rodriguez rogers rojas romano romero rossi roth rousseau roux ruiz russo ryan sahin saito
    salazar sanchez sanders sandoval santos sasaki sato sauer saxena schaefer schafer scherer schmid schmidt schmitt
    schmitz schneider scholz schreiber schroder schroeder schubert schulte schultz schulz schumacher schuster
    schwarz seidel sethi shah sharma shaw shetty shimizu silva simmons simon simpson simsek singh smirnov smith
    snyder soares sommer soto sousa souza spencer srivastava stein stephens stevens stewart stoica sullivan
    suzuki svensson svoboda szabo takacs takahashi tanaka taylor teixeira thakur thomas thomassen thompson thomsen
    tiwari toth tran traore trivedi truong tucker turner varga vargas vasquez vega verma vesely vieira vincent
    virtanen visser vogel vogt voigt volk vos vries vu wagner walker wallace walter wang watanabe watson weaver
    weber wei weiss wenzel werner westphal wheeler wiedemann williams williamson willis wilson winkler wisniewski
    wojcik wolff wright wu xu yadav yamada yamaguchi yamamoto yildirim yildiz yilmaz yoshida zhang zhao zhou ziegler
    zielinski zimmermann
    """.split()  # noqa: SIM905 - a list would take a line for each name
)

#: What stands before a person's name.
TITLES = frozenset(
    """
    dott dr frau herr madame miss mister mlle mme monsieur mr mrs ms prof professor senor senora sr sra
    """.split()  # noqa: SIM905 - as above
)
